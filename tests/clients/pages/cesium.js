// CesiumJS as a page would use it, seen from straight above; tests call window.client.
window.CESIUM_BASE_URL = "/packages/cesium/Build/Cesium/";

function makeViewer() {
  const viewer = new Cesium.CesiumWidget(document.getElementById("map"), {
    baseLayer: false,
    mapMode2D: Cesium.MapMode2D.ROTATE,
    mapProjection: new Cesium.WebMercatorProjection(),
    sceneMode: Cesium.SceneMode.SCENE2D,
    skyBox: false,
    skyAtmosphere: false,
    msaaSamples: 1,
    requestRenderMode: false,
  });
  viewer.scene.globe.baseColor = Cesium.Color.WHITE;
  viewer.scene.backgroundColor = Cesium.Color.WHITE;
  viewer.scene.globe.showGroundAtmosphere = false;
  viewer.scene.fog.enabled = false;
  viewer.scene.globe.enableLighting = false;
  return viewer;
}

// Resolves when all tiles of the view are there and drawn.
async function settled(viewer) {
  let quiet = 0;
  while (quiet < 3) {
    await new Promise((done) => requestAnimationFrame(done));
    quiet = viewer.scene.globe.tilesLoaded ? quiet + 1 : 0;
  }
}

// Show one imagery provider in a box of degrees.
async function show(provider, west, south, east, north) {
  const viewer = (window.client.viewer ??= makeViewer());
  viewer.imageryLayers.removeAll();
  viewer.imageryLayers.addImageryProvider(provider);
  viewer.camera.setView({ destination: Cesium.Rectangle.fromDegrees(west, south, east, north) });
  await settled(viewer);
  const frustum = viewer.camera.frustum;
  const at = viewer.camera.positionCartographic;
  const middle = new Cesium.WebMercatorProjection().project(at);
  return [
    middle.x + frustum.left, middle.y + frustum.bottom,
    middle.x + frustum.right, middle.y + frustum.top,
  ];
}

window.client = { show, settled, viewer: null };
