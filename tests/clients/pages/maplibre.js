// MapLibre as a page would use it; tests call window.client.
import * as maplibre from "/packages/maplibre-gl/dist/maplibre-gl.mjs";

// Show one raster source; resolves when the map is idle, with the box in metres.
async function show(source, center, zoom) {
  window.client.map?.remove();
  const map = new maplibre.Map({
    container: "map",
    center,
    zoom,
    attributionControl: false,
    fadeDuration: 0,
    style: {
      version: 8,
      sources: { shown: { type: "raster", ...source } },
      layers: [
        { id: "white", type: "background", paint: { "background-color": "#fff" } },
        { id: "shown", type: "raster", source: "shown", paint: { "raster-fade-duration": 0 } },
      ],
    },
  });
  window.client.map = map;
  await new Promise((done, fail) => {
    map.once("idle", done);
    map.once("error", (event) => fail(event.error));
  });
  const middle = maplibre.MercatorCoordinate.fromLngLat(map.getCenter());
  // A pixel of the world of 512 × 2^zoom pixels.
  const world = 40075016.68557849;
  const metres = world / (512 * 2 ** map.getZoom());
  const { clientWidth: width, clientHeight: height } = map.getContainer();
  const [x, y] = [(middle.x - 0.5) * world, (0.5 - middle.y) * world];
  const [dx, dy] = [(width / 2) * metres, (height / 2) * metres];
  return [x - dx, y - dy, x + dx, y + dy];
}

window.client = { show, map: null };
