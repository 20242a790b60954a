// Photos go up as they are taken, smaller than they were; the form then names them. While the server is busy a photo
// waits and is tried again by itself; one that did not arrive says so and can be tried again; the form cannot be sent
// while one is on its way.

/** Longest edge of what is sent, in pixels: enough to read a sign, little enough for a slow line. */
const EDGE_MOST = 2560;
const QUALITY = 0.85;
/** How often a photo is tried while the server is busy. */
const TRIES_MOST = 10;

export function photos(root: ParentNode): void {
  for (const part of root.querySelectorAll<HTMLElement>("[data-photos]")) {
    const input = part.querySelector<HTMLInputElement>("input[type=file]");
    if (input) {
      new Tray(part, input);
    }
  }
}

class Tray {
  private readonly list: HTMLElement;
  private readonly status: HTMLElement | null;
  private pending = 0;

  constructor(
    private readonly part: HTMLElement,
    private readonly input: HTMLInputElement,
  ) {
    this.list = part.querySelector<HTMLElement>("ul.photos") ?? part;
    this.status = part.querySelector<HTMLElement>("[data-photos-said]");
    input.addEventListener("change", () => this.take());
    input.form?.addEventListener(
      "submit",
      (event) => {
        if (this.pending > 0) {
          event.preventDefault();
          event.stopImmediatePropagation();
          this.say(this.word("uploading"));
        }
      },
      true,
    );
  }

  private word(name: string): string {
    return this.part.dataset[name] ?? "";
  }

  private say(text: string): void {
    if (this.status) {
      this.status.textContent = text;
    }
  }

  private take(): void {
    const most = Number(this.part.dataset["photos"] ?? "6");
    const free = most - this.list.children.length;
    const files = [...(this.input.files ?? [])];
    for (const file of files.slice(0, Math.max(0, free))) {
      this.add(file);
    }
    if (files.length > free) {
      this.say(this.part.querySelector(".file .hint")?.textContent ?? "");
    }
    // The files travel by themselves: the form must not carry them a second time.
    this.input.value = "";
  }

  private add(file: File): void {
    const item = document.createElement("li");
    const picture = document.createElement("img");
    picture.alt = file.name;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.setAttribute("aria-label", `${this.word("uploading")} ${file.name}`);
    const said = document.createElement("p");
    said.className = "said";
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "drop";
    drop.textContent = "×";
    drop.setAttribute("aria-label", `${this.word("drop")}: ${file.name}`);
    drop.addEventListener("click", () => item.remove());
    item.append(picture, progress, said, drop);
    this.list.append(item);
    void this.send(file, item, picture, progress, said);
  }

  private async send(
    file: File,
    item: HTMLElement,
    picture: HTMLImageElement,
    progress: HTMLProgressElement,
    said: HTMLElement,
  ): Promise<void> {
    this.pending += 1;
    said.textContent = this.word("uploading");
    try {
      const smaller = await shrink(file);
      picture.src = URL.createObjectURL(smaller);
      const reference = await patiently(
        () => upload(smaller, token(this.input.form), (share) => {
          progress.value = share;
        }),
        (isWaiting) => {
          progress.value = 0;
          said.textContent = this.word(isWaiting ? "waiting" : "uploading");
        },
      );
      progress.remove();
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "photo";
      field.value = reference;
      item.append(field);
      said.textContent = this.word("kept");
      this.say(`${file.name}: ${this.word("kept")}`);
    } catch (error) {
      progress.remove();
      const why = error instanceof Refusal ? error.message : this.word("failed");
      said.textContent = why;
      this.say(`${file.name}: ${why}`);
      if (!(error instanceof Refusal)) {
        picture.addEventListener(
          "click",
          () => {
            item.remove();
            this.add(file);
          },
          { once: true },
        );
      }
    } finally {
      this.pending -= 1;
    }
  }
}

/** Turned upright and made smaller. What this browser cannot decode is sent as it is: the server says what to do. */
async function shrink(file: File): Promise<Blob> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, EDGE_MOST / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return blob ?? file;
  } catch {
    return file;
  }
}

/** Tries again while the server is busy, when it says so and a little later, so that not all come back at once. */
async function patiently<T>(attempt: () => Promise<T>, tell: (isWaiting: boolean) => void): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Busy) || tries === TRIES_MOST) {
        throw error;
      }
      tell(true);
      const seconds = error.seconds * (1 + Math.random());
      await new Promise((done) => setTimeout(done, seconds * 1000));
      tell(false);
    }
  }
}

/** Not now: the server says when to come back. */
class Busy extends Error {
  constructor(readonly seconds: number) {
    super("busy");
  }
}

/** The server's own words why it does not take a photo. */
class Refusal extends Error {}

/** A photo is brought by whoever sends the form: signed in where the form says so, a stranger where it does not. */
export function token(form: HTMLFormElement | null): string {
  return form?.querySelector<HTMLInputElement>("input[name=csrf]")?.value ?? "";
}

/** Sends one photo and gives the answer, which names it. `XMLHttpRequest`, because `fetch` does not tell how far it is. */
export function upload(photo: Blob, csrf: string, progress: (share: number) => void): Promise<string> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/photos");
    request.setRequestHeader("content-type", photo.type || "application/octet-stream");
    request.setRequestHeader("accept-language", document.documentElement.lang);
    if (csrf) {
      request.setRequestHeader("x-csrf-token", csrf);
    }
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        progress(event.loaded / event.total);
      }
    });
    request.addEventListener("load", () => {
      if (request.status === 201) {
        done(request.responseText);
      } else if (request.status === 503 || request.status === 429) {
        fail(new Busy(Number(request.getResponseHeader("retry-after")) || 2));
      } else if (request.status >= 400 && request.status < 500) {
        fail(new Refusal(reason(request.responseText)));
      } else {
        fail(new Error(String(request.status)));
      }
    });
    request.addEventListener("error", () => fail(new Error("network")));
    request.send(photo);
  });
}

function reason(body: string): string {
  try {
    const problem = JSON.parse(body) as { detail?: string; title?: string; problems?: { detail: string }[] };
    return problem.problems?.[0]?.detail ?? problem.detail ?? problem.title ?? body;
  } catch {
    return body;
  }
}
