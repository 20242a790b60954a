// Faces and number plates are covered by hand before a photo is shown: boxes are drawn over it, what lies under them is
// reduced to a few flat squares, and that version is uploaded. The photo itself stays as it is.
import { token, upload } from "./photos";

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Squares along the longer edge of a box: too few to recognise anybody or anything by. */
const SQUARES = 6;
/** The least edge of a box in pixels of the photo: less is a slip of the hand. */
const EDGE_LEAST = 8;
const QUALITY = 0.9;

export function blurs(root: ParentNode): void {
  for (const part of root.querySelectorAll<HTMLElement>("[data-blurs]")) {
    for (const button of part.querySelectorAll<HTMLButtonElement>("[data-blur]")) {
      button.addEventListener("click", () => void open(part, button));
    }
  }
}

async function open(part: HTMLElement, button: HTMLButtonElement): Promise<void> {
  const row = button.closest<HTMLElement>("[data-photo]");
  const said = row?.querySelector<HTMLElement>("[data-blur-said]");
  if (!row || !said) {
    return;
  }
  const word = (name: string): string => part.dataset[name] ?? "";
  const picture = new Image();
  picture.src = button.dataset["blur"] ?? "";
  try {
    await picture.decode();
  } catch {
    said.textContent = word("failed");
    return;
  }
  const covered = await cover(picture, word);
  if (!covered) {
    return;
  }
  said.textContent = word("uploading");
  try {
    const answer = await upload(covered, token(button.form), () => undefined);
    row.querySelector("input[name=instead]")?.remove();
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "instead";
    field.value = `${row.dataset["photo"] ?? ""}:${answer}`;
    row.append(field);
    const shown = row.querySelector("img");
    if (shown) {
      shown.src = URL.createObjectURL(covered);
    }
    const tick = row.querySelector<HTMLInputElement>("input[name=about]");
    if (tick) {
      tick.checked = true;
    }
    said.textContent = word("kept");
  } catch (error) {
    said.textContent = error instanceof Error && error.message && !/^(\d+|network)$/.test(error.message) ? error.message : word("failed");
  }
}

/** Lets somebody draw boxes; gives the covered picture, or nothing when they leave it. */
function cover(picture: HTMLImageElement, word: (name: string) => string): Promise<Blob | undefined> {
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  const context = canvas.getContext("2d");
  const dialog = document.createElement("dialog");
  dialog.className = "blur";
  const title = document.createElement("h2");
  title.textContent = word("title");
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = word("hint");
  const bar = document.createElement("div");
  bar.className = "bar";
  const [use, undo, cancel] = ["use", "undo", "cancel"].map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word(name);
    button.className = name === "use" ? "" : "plain";
    bar.append(button);
    return button;
  });
  dialog.append(title, hint, canvas, bar);
  document.body.append(dialog);
  const boxes: Box[] = [];
  const draw = (open?: Box): void => {
    if (!context) {
      return;
    }
    context.drawImage(picture, 0, 0);
    boxes.forEach((box) => flatten(context, picture, box));
    if (open) {
      context.strokeStyle = "#fff";
      context.lineWidth = Math.max(2, canvas.width / 400);
      context.strokeRect(open.x, open.y, open.width, open.height);
    }
    const isEmpty = boxes.length === 0;
    use?.toggleAttribute("disabled", isEmpty);
    undo?.toggleAttribute("disabled", isEmpty);
  };
  draw();
  let from: { x: number; y: number } | undefined;
  const at = (event: PointerEvent): { x: number; y: number } => {
    const shown = canvas.getBoundingClientRect();
    const within = (share: number, most: number): number => Math.round(Math.min(1, Math.max(0, share)) * most);
    return {
      x: within((event.clientX - shown.left) / shown.width, canvas.width),
      y: within((event.clientY - shown.top) / shown.height, canvas.height),
    };
  };
  const box = (event: PointerEvent, start: { x: number; y: number }): Box => {
    const end = at(event);
    return {
      x: Math.min(start.x, end.x),
      y: Math.min(start.y, end.y),
      width: Math.abs(start.x - end.x),
      height: Math.abs(start.y - end.y),
    };
  };
  canvas.addEventListener("pointerdown", (event) => {
    from = at(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => from && draw(box(event, from)));
  canvas.addEventListener("pointerup", (event) => {
    const drawn = from && box(event, from);
    from = undefined;
    if (drawn && drawn.width >= EDGE_LEAST && drawn.height >= EDGE_LEAST) {
      boxes.push(drawn);
    }
    draw();
  });
  undo?.addEventListener("click", () => {
    boxes.pop();
    draw();
  });
  return new Promise((done) => {
    use?.addEventListener("click", () => {
      draw();
      canvas.toBlob(
        (blob) => {
          done(blob ?? undefined);
          dialog.close();
        },
        "image/jpeg",
        QUALITY,
      );
    });
    cancel?.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(undefined);
    });
    dialog.showModal();
  });
}

/** Each square of a box gets the one colour of its middle; so nothing of what lay there can be worked out again. */
function flatten(context: CanvasRenderingContext2D, picture: HTMLImageElement, box: Box): void {
  const edge = Math.max(box.width, box.height) / SQUARES;
  const small = document.createElement("canvas");
  small.width = Math.max(1, Math.round(box.width / edge));
  small.height = Math.max(1, Math.round(box.height / edge));
  small.getContext("2d")?.drawImage(picture, box.x, box.y, box.width, box.height, 0, 0, small.width, small.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, small.width, small.height, box.x, box.y, box.width, box.height);
  context.imageSmoothingEnabled = true;
}
