// OpenLayers as a page would use it; tests call window.client.
const map = new ol.Map({ target: "map", controls: [], pixelRatio: 1 });

// Show one layer at a centre in metres; resolves when it is drawn, with the box that is shown.
async function show(layer, center, resolution) {
  map.getLayers().clear();
  map.setView(new ol.View({ center, resolution, constrainResolution: false }));
  const drawn = new Promise((done) => map.once("rendercomplete", done));
  map.addLayer(layer);
  await drawn;
  return map.getView().calculateExtent(map.getSize());
}

window.client = { map, show };
