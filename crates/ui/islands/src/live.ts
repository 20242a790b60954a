// The live stream: lists read themselves anew when something changed, an open case says so.

/** Several changes in a row are one. */
const GATHER_MS = 800;

export function live(): void {
  const part = document.querySelector<HTMLElement>("[data-live]");
  if (!part || !("EventSource" in window)) {
    return;
  }
  const address = part.dataset["live"] ?? "";
  let waiting: number | undefined;
  const changed = (): void => {
    waiting ??= window.setTimeout(() => {
      waiting = undefined;
      document.body.dispatchEvent(new CustomEvent("gewu:changed"));
    }, GATHER_MS);
  };
  const events = new EventSource("/api/v1/events");
  events.addEventListener("lag", changed);
  events.addEventListener("change", (event) => {
    if (!address) {
      changed();
      return;
    }
    const { region, case: id } = JSON.parse((event as MessageEvent<string>).data) as { region: string; case: string };
    if (address === `/cases/${region}/${id}`) {
      document.querySelector("[data-changed]")?.removeAttribute("hidden");
    }
  });
  window.addEventListener("pagehide", () => events.close());
}
