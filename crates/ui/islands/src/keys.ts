// The keyboard in the console: j and k walk rows, letters press what names them, g and a letter goes to a page.

/** How long the second key of `g i` may take. */
const SECOND_KEY_MS = 1200;

export function keys(): void {
  if (!document.documentElement.classList.contains("console")) {
    return;
  }
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      return;
    }
    const key = event.key;
    if (going > Date.now()) {
      going = 0;
      if (press(`[data-go="${CSS.escape(key)}"]`)) {
        event.preventDefault();
      }
      return;
    }
    if (key === "g") {
      going = Date.now() + SECOND_KEY_MS;
    } else if (key === "j" || key === "k") {
      walk(key === "j" ? 1 : -1);
      event.preventDefault();
    } else if (key.length === 1 && press(`[data-key="${CSS.escape(key)}"]`)) {
      event.preventDefault();
    }
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=radio], [type=checkbox]), select, textarea"));
}

function press(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) {
    return false;
  }
  if (element instanceof HTMLInputElement) {
    element.focus();
    element.select();
  } else if (element.tagName === "SUMMARY") {
    const details = element.parentElement as HTMLDetailsElement;
    details.open = true;
    details.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea, button")?.focus();
  } else {
    element.click();
  }
  return true;
}

function walk(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-rows] td.title a")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
  links[next]?.focus();
}
