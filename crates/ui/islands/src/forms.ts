// Forms that are sent once, sent on change or by Ctrl+Enter; buttons that copy and print; where the eye goes first.

export function forms(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-once]")) {
    once(form);
  }
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-submit-on-change]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    button.addEventListener("click", () => void copy(button));
  }
  for (const button of root.querySelectorAll<HTMLButtonElement>("button[data-print]")) {
    button.addEventListener("click", () => window.print());
  }
  root.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** A second click does nothing. The server would notice too: the form carries a key. */
function once(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    if (form.dataset["sent"]) {
      event.preventDefault();
      return;
    }
    form.dataset["sent"] = "yes";
    const button = event.submitter;
    const sending = button?.dataset["sending"];
    if (button && sending) {
      button.textContent = sending;
    }
    button?.setAttribute("aria-disabled", "true");
  });
  // Back from the next page, the form is there again and may be sent again.
  window.addEventListener("pageshow", () => delete form.dataset["sent"]);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit();
    }
  });
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const text = button.dataset["copy"] ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure connection there is no clipboard: select it for the person instead.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = button.dataset["copied"] ?? text;
}
