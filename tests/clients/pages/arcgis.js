// The ArcGIS Maps SDK for JavaScript as an application would use it; tests call window.client.
import config from "@arcgis/core/config.js";
import identity from "@arcgis/core/identity/IdentityManager.js";
import Credential from "@arcgis/core/identity/Credential.js";
import Map from "@arcgis/core/Map.js";
import MapView from "@arcgis/core/views/MapView.js";
import ElevationLayer from "@arcgis/core/layers/ElevationLayer.js";
import WMSLayer from "@arcgis/core/layers/WMSLayer.js";
import ImageryLayer from "@arcgis/core/layers/ImageryLayer.js";
import ImageryTileLayer from "@arcgis/core/layers/ImageryTileLayer.js";
import * as reactiveUtils from "@arcgis/core/core/reactiveUtils.js";

config.assetsPath = new URL("/packages/@arcgis/core/assets", location.href).href;

let view = null;

async function drawn() {
  await reactiveUtils.whenOnce(() => view.ready && !view.updating);
  // The picture is on the screen one frame after the layer has it.
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}

// Show one layer in the box; resolves when it is drawn, with the box that is really shown.
async function show(layer, box) {
  if (view) {
    view.map.layers.removeAll();
    view.map.layers.add(layer);
    if (box) view.extent = box;
  } else {
    view = new MapView({
      container: "map",
      map: new Map({ layers: [layer] }),
      extent: box,
      spatialReference: box.spatialReference,
      constraints: { snapToZoom: false, rotationEnabled: false },
      background: { color: "white" },
      ui: { components: [] },
    });
    await view.when();
  }
  const layerView = await view.whenLayerView(layer);
  await reactiveUtils.whenOnce(() => !layerView.updating);
  await drawn();
  const { xmin, ymin, xmax, ymax } = view.extent;
  return [xmin, ymin, xmax, ymax];
}

// The samples that a layer got last, as the browser has them.
async function pixels(layer) {
  return (await view.whenLayerView(layer)).pixelData;
}

window.client = { identity, Credential, ElevationLayer, ImageryLayer, ImageryTileLayer, WMSLayer, show, pixels, view: () => view };
