// The map: the city's own areas as vector tiles, nothing from elsewhere. Four uses, by `data-map`: `pick` a place, show
// one `point`, show the `points` of a list, or the `areas` themselves. All of it is on the page in words as well.
import type { FeatureCollection } from "geojson";
import {
  type GeoJSONSource,
  LngLatBounds,
  Map as Chart,
  Marker,
  NavigationControl,
  Popup,
  setWorkerUrl,
  type StyleSpecification,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";

setWorkerUrl(workerUrl);

interface City {
  bounds: [number, number, number, number];
  labels: FeatureCollection;
}

const drawn = new WeakSet<HTMLElement>();

export function maps(root: ParentNode): void {
  for (const part of root.querySelectorAll<HTMLElement>("[data-map]:not([hidden])")) {
    if (!drawn.has(part)) {
      drawn.add(part);
      void draw(part);
    }
  }
}

/** The page's own colours. WebGL knows no `oklch`, so the browser is asked to say each in numbers. */
function colour(name: string): string {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) {
    return "#888";
  }
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

function style(city: City, own: string): StyleSpecification {
  const [ink, second, line, paper, sunk] = ["--ink-2", "--ink-3", "--line-strong", "--surface", "--sunk"].map(colour);
  const font = ["Noto Sans CJK SC"];
  const border = (depth: number, width: number, from: number, dashed = false): StyleSpecification["layers"][number] => ({
    id: `border-${depth}`,
    type: "line",
    source: "areas",
    "source-layer": "areas",
    minzoom: from,
    filter: ["==", ["get", "depth"], depth],
    layout: { "line-join": "round" },
    paint: {
      "line-color": line ?? "#888",
      "line-width": ["interpolate", ["linear"], ["zoom"], 9, width / 2, 15, width],
      ...(dashed ? { "line-dasharray": [3, 2] } : {}),
    },
  });
  const label = (depth: number, size: number, from: number, to: number): StyleSpecification["layers"][number] => ({
    id: `label-${depth}`,
    type: "symbol",
    source: "labels",
    minzoom: from,
    maxzoom: to,
    filter: ["==", ["get", "depth"], depth],
    layout: { "text-field": ["get", "name"], "text-font": font, "text-size": size, "text-max-width": 8 },
    paint: { "text-color": (depth < 3 ? ink : second) ?? "#222", "text-halo-color": paper ?? "#fff", "text-halo-width": 1.5 },
  });
  return {
    version: 8,
    sources: {
      areas: {
        type: "vector",
        tiles: [`${location.origin}/api/v1/tiles/areas/{z}/{x}/{y}.mvt`],
        maxzoom: 16,
        bounds: city.bounds,
      },
      labels: { type: "geojson", data: city.labels },
      cases: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": sunk ?? "#eee" } },
      {
        id: "land",
        type: "fill",
        source: "areas",
        "source-layer": "areas",
        filter: ["==", ["get", "depth"], 1],
        paint: { "fill-color": paper ?? "#fff" },
      },
      {
        id: "own",
        type: "fill",
        source: "areas",
        "source-layer": "areas",
        filter: ["==", ["get", "code"], own],
        paint: { "fill-color": colour("--accent-soft") },
      },
      border(4, 0.75, 13, true),
      border(3, 1, 11.5),
      border(2, 1.75, 8),
      border(1, 3, 0),
      label(1, 15, 0, 10),
      label(2, 13, 10, 14),
      label(3, 12, 12.5, 24),
      ...cases(),
    ],
  };
}

/** Cases as marks: a colour and a letter's worth of shape, so that neither stands alone. */
function cases(): StyleSpecification["layers"] {
  const paper = colour("--surface");
  return [
    {
      id: "cases",
      type: "circle",
      source: "cases",
      paint: {
        "circle-radius": ["match", ["get", "light"], "red", 8, "yellow", 7, 6],
        "circle-color": [
          "match",
          ["get", "light"],
          "red",
          colour("--red"),
          "yellow",
          colour("--yellow"),
          "green",
          colour("--green"),
          colour("--ink-3"),
        ],
        "circle-stroke-color": paper,
        "circle-stroke-width": 2,
      },
    },
    {
      id: "case-marks",
      type: "symbol",
      source: "cases",
      filter: ["in", ["get", "light"], ["literal", ["red", "yellow"]]],
      layout: { "text-field": "!", "text-font": ["Noto Sans CJK SC"], "text-size": 11, "text-allow-overlap": true },
      paint: { "text-color": paper },
    },
  ];
}

/** Can this device draw at all? Old ones, and some in offices, have no WebGL. */
function canDraw(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

/** Says in words where the same is found, instead of an empty box. */
function undrawn(part: HTMLElement): void {
  const said = document.createElement("p");
  said.className = "hint undrawn";
  said.setAttribute("role", "status");
  said.textContent = part.dataset["undrawn"] ?? "";
  part.replaceWith(said);
}

async function draw(part: HTMLElement): Promise<void> {
  const answer = canDraw() ? await fetch("/areas/map.json").catch(() => undefined) : undefined;
  if (!answer?.ok) {
    undrawn(part);
    return;
  }
  try {
    show(part, (await answer.json()) as City);
  } catch {
    undrawn(part);
  }
}

function show(part: HTMLElement, city: City): void {
  const kind = part.dataset["map"];
  const own = { lon: Number(part.dataset["lon"]), lat: Number(part.dataset["lat"]) };
  const isChinese = document.documentElement.lang.startsWith("zh");
  const chart = new Chart({
    container: part,
    style: style(city, part.dataset["area"] ?? ""),
    ...(kind === "point"
      ? { center: [own.lon, own.lat], zoom: 15 }
      : { bounds: bounds(part) ?? city.bounds, fitBoundsOptions: { padding: 24 } }),
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    cooperativeGestures: kind === "pick",
    localIdeographFontFamily: getComputedStyle(document.body).fontFamily,
    ...(isChinese ? { locale: CHINESE } : {}),
  });
  chart.touchZoomRotate.disableRotation();
  chart.addControl(new NavigationControl({ showCompass: false }), "top-right");
  // For tests and for those who look under the bonnet.
  chart.once("idle", () => {
    const count = (layers: string[]): number => chart.queryRenderedFeatures({ layers }).length;
    part.dataset["outlines"] = String(count(["border-1", "border-2", "border-3", "border-4"]));
    part.dataset["names"] = String(count(["label-1", "label-2", "label-3"]));
    part.dataset["drawn"] = "yes";
  });
  if (kind === "pick") {
    pick(part, chart);
  } else if (kind === "point") {
    new Marker({ color: colour("--accent") }).setLngLat([own.lon, own.lat]).addTo(chart);
  } else if (kind === "points") {
    chart.once("load", () => points(part, chart));
  } else if (kind === "areas") {
    chart.on("click", "land", (event) => {
      location.href = `/areas?lon=${event.lngLat.lng.toFixed(6)}&lat=${event.lngLat.lat.toFixed(6)}`;
    });
  }
}

/** What to show first, as the page says it: west, south, east, north. */
function bounds(part: HTMLElement): [number, number, number, number] | undefined {
  const [west, south, east, north] = (part.dataset["bounds"] ?? "").split(",").map(Number);
  return north === undefined ? undefined : [west ?? 0, south ?? 0, east ?? 0, north];
}

const CHINESE = {
  "NavigationControl.ZoomIn": "放大",
  "NavigationControl.ZoomOut": "缩小",
  "CooperativeGesturesHandler.WindowsHelpText": "按住 Ctrl 并滚动可缩放地图",
  "CooperativeGesturesHandler.MacHelpText": "按住 ⌘ 并滚动可缩放地图",
  "CooperativeGesturesHandler.MobileHelpText": "用两个手指移动地图",
  "Map.Title": "地图",
  "Marker.Title": "标记",
};

function pick(part: HTMLElement, chart: Chart): void {
  const marker = new Marker({ color: colour("--accent"), draggable: true });
  const show = (lon: number, lat: number): void => {
    marker.setLngLat([lon, lat]).addTo(chart);
  };
  const chosen = (): void => {
    const { lng, lat } = marker.getLngLat();
    part.dispatchEvent(new CustomEvent("gewu:chosen", { detail: { lon: lng, lat } }));
  };
  chart.on("click", ({ lngLat }) => {
    show(lngLat.lng, lngLat.lat);
    chosen();
  });
  marker.on("dragend", chosen);
  // With the keyboard: arrows move the map, Enter takes its middle.
  chart.getCanvas().addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      const { lng, lat } = chart.getCenter();
      show(lng, lat);
      chosen();
    }
  });
  part.addEventListener("gewu:show", (event) => {
    const { lon, lat } = (event as CustomEvent<{ lon: number; lat: number }>).detail;
    show(lon, lat);
    chart.jumpTo({ center: [lon, lat], zoom: 16 });
  });
}

interface Point {
  lon: number;
  lat: number;
  title: string;
  light: string;
  href: string;
}

function points(part: HTMLElement, chart: Chart): void {
  const given = JSON.parse(part.dataset["points"] ?? "[]") as Point[];
  const features = given.map(({ lon, lat, ...properties }) => ({
    type: "Feature" as const,
    geometry: { type: "Point" as const, coordinates: [lon, lat] },
    properties,
  }));
  chart.getSource<GeoJSONSource>("cases")?.setData({ type: "FeatureCollection", features });
  if (given.length > 0) {
    const bounds = new LngLatBounds();
    given.forEach(({ lon, lat }) => bounds.extend([lon, lat]));
    chart.fitBounds(bounds, { padding: 48, maxZoom: 15, animate: false });
  }
  const popup = new Popup({ closeButton: false, offset: 10 });
  chart.on("mousemove", "cases", (event) => {
    const feature = event.features?.[0];
    if (feature) {
      chart.getCanvas().style.cursor = "pointer";
      popup.setLngLat(event.lngLat).setText(String(feature.properties["title"])).addTo(chart);
    }
  });
  chart.on("mouseleave", "cases", () => {
    chart.getCanvas().style.cursor = "";
    popup.remove();
  });
  chart.on("click", "cases", (event) => {
    const href = event.features?.[0]?.properties["href"] as string | undefined;
    if (href) {
      location.href = href;
    }
  });
}
