// A place by "my location" or by the map; either fills in the area's selects, so that one can see and change it.
import htmx from "htmx.org";

export function places(root: ParentNode): void {
  for (const part of root.querySelectorAll<HTMLElement>("[data-place]")) {
    place(part);
  }
}

function place(part: HTMLElement): void {
  const scope = part.closest("form") ?? part;
  const lon = scope.querySelector<HTMLInputElement>("[data-lon]");
  const lat = scope.querySelector<HTMLInputElement>("[data-lat]");
  const said = part.querySelector<HTMLElement>("[data-said]");
  const map = part.querySelector<HTMLElement>("[data-map]");
  const open = part.querySelector<HTMLButtonElement>("[data-open-map]");
  const say = (text: string | undefined): void => {
    if (said) {
      said.textContent = text ?? "";
    }
  };

  const choose = async (at: { lon: number; lat: number }): Promise<void> => {
    if (!lon || !lat) {
      return;
    }
    lon.value = at.lon.toFixed(6);
    lat.value = at.lat.toFixed(6);
    const answer = await fetch(`/pick/areas?lon=${lon.value}&lat=${lat.value}`);
    const areas = part.querySelector("#areas");
    if (!answer.ok || !areas) {
      return;
    }
    areas.outerHTML = await answer.text();
    const fresh = part.querySelector<HTMLElement>("#areas");
    if (fresh) {
      htmx.process(fresh);
      say(fresh.dataset["found"]);
    }
  };

  part.querySelector("[data-here]")?.addEventListener("click", () => {
    if (!navigator.geolocation) {
      say(part.dataset["denied"]);
      return;
    }
    say(part.dataset["finding"]);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const at = { lon: coords.longitude, lat: coords.latitude };
        void choose(at);
        map?.dispatchEvent(new CustomEvent("gewu:show", { detail: at }));
      },
      () => say(part.dataset["denied"]),
      { enableHighAccuracy: true, timeout: 15_000 },
    );
  });

  open?.addEventListener("click", () => {
    if (!map) {
      return;
    }
    map.hidden = !map.hidden;
    open.setAttribute("aria-expanded", String(!map.hidden));
    if (!map.hidden) {
      void import("./map").then(({ maps }) => maps(part));
    }
  });
  map?.addEventListener("gewu:chosen", (event) => {
    void choose((event as CustomEvent<{ lon: number; lat: number }>).detail);
  });
}
