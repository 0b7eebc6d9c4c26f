// The service as this page knows it: its REST resources and the addresses of its tiles.

const METHODS = {
  NorthWest: "esriMosaicNorthwest",
  Center: "esriMosaicCenter",
  Nadir: "esriMosaicNadir",
  Viewpoint: "esriMosaicViewpoint",
  ByAttribute: "esriMosaicAttribute",
  LockRaster: "esriMosaicLockRaster",
  Seamline: "esriMosaicSeamline",
  None: "esriMosaicNone",
};

const STRETCHES = {
  none: { rasterFunction: "None" },
  minmax: { rasterFunction: "Stretch", rasterFunctionArguments: { StretchType: 5 } },
  clip: {
    rasterFunction: "Stretch",
    rasterFunctionArguments: { StretchType: 6, MinPercent: 0.5, MaxPercent: 0.5 },
  },
  deviation: {
    rasterFunction: "Stretch",
    rasterFunctionArguments: { StretchType: 3, NumberOfStandardDeviations: 2 },
  },
};

/** The service said no; `message` is its own sentence. */
export class ServiceError extends Error {}

async function getJson(url, parameters, signal) {
  const query = new URLSearchParams(parameters);
  let response;
  try {
    response = await fetch(`${url}?${query}`, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The server cannot be reached.", { cause: error });
  }
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(`The server answered ${response.status} without JSON.`, { cause: error });
  }
  if (body.error) {
    const details = (body.error.details ?? []).filter((line) => line && line !== body.error.message);
    throw new ServiceError([body.error.message, ...details].filter(Boolean).join(" "));
  }
  if (!response.ok) throw new ServiceError(body.detail ?? `The server answered ${response.status}.`);
  return body;
}

/** What is made of the samples: a template of the service, stretched or not; null = its own picture. */
function renderingRule({ product, stretch }) {
  const template = product ? { rasterFunction: product } : null;
  if (!stretch) return template;
  const rule = STRETCHES[stretch];
  if (!template) return rule;
  return { ...rule, rasterFunctionArguments: { ...rule.rasterFunctionArguments, Raster: template } };
}

/** The parameters that choose and merge rasters and make the picture; only what differs from the default. */
export function pictureParameters(settings) {
  const rule = {};
  if (settings.method) rule.mosaicMethod = METHODS[settings.method];
  if (settings.operator) rule.mosaicOperation = `MT_${settings.operator.toUpperCase()}`;
  if (settings.method === "ByAttribute") {
    rule.sortField = settings.sortField;
    if (settings.sortValue) rule.sortValue = settings.sortValue;
    rule.ascending = settings.ascending;
  }
  if (settings.method === "LockRaster") rule.lockRasterIds = settings.lockIds;
  const parameters = {};
  if (Object.keys(rule).length > 0) parameters.mosaicRule = JSON.stringify(rule);
  if (settings.time) parameters.time = `${settings.time.start},${settings.time.end}`;
  if (settings.interpolation) parameters.interpolation = settings.interpolation;
  const made = renderingRule(settings);
  if (made) parameters.renderingRule = JSON.stringify(made);
  // A template counts the service's own bands.
  if (settings.bands && !settings.product) parameters.bandIds = settings.bands;
  return parameters;
}

export class Service {
  /**
   * @param {string} root  relative address of the server's public root, ending in "/" or empty
   * @param {string} name  "folder/name"
   */
  constructor(root, name) {
    const path = name.split("/").map(encodeURIComponent).join("/");
    this.name = name;
    this.rest = new URL(`${root}arcgis/rest/services/${path}/ImageServer`, document.baseURI).href;
    this.tiles = new URL(`${root}tiles/${path}`, document.baseURI).href;
  }

  /** Root description and TileJSON. */
  async describe() {
    const [info, tilejson] = await Promise.all([
      getJson(this.rest, { f: "json" }),
      getJson(`${this.tiles}.json`, {}),
    ]);
    this.info = info;
    this.tilejson = tilejson;
    const fields = info.fields ?? [];
    this.fields = fields.filter((f) => !["esriFieldTypeGeometry", "esriFieldTypeRaster"].includes(f.type));
    this.idField = fields.find((f) => f.type === "esriFieldTypeOID")?.name ?? "OBJECTID";
    this.products = (info.rasterFunctionInfos ?? []).filter((template) => template.name !== "None");
    this.timeField = info.timeInfo?.startTimeField ?? null;
    this.hasCatalog = /catalog/i.test(info.capabilities ?? "") && fields.length > 0;
    return this;
  }

  /** The query of a tile: everything that differs from the service's own picture. */
  tileQuery(settings) {
    return new URLSearchParams(pictureParameters(settings)).toString();
  }

  /** Address of a tile with {z}, {x}, {y} and {r} left open. */
  tileUrl(settings) {
    const query = this.tileQuery(settings);
    return `${this.tiles}/{z}/{x}/{y}{r}.${settings.format}${query ? `?${query}` : ""}`;
  }

  query(parameters, signal) {
    return getJson(`${this.rest}/query`, parameters, signal);
  }

  identify(point, resolution, settings, signal) {
    const { bandIds: _bands, ...picture } = pictureParameters(settings);
    const place = { x: point.x, y: point.y, spatialReference: { wkid: 3857 } };
    const size = { x: resolution, y: resolution, spatialReference: { wkid: 3857 } };
    const parameters = {
      ...picture,
      f: "json",
      geometry: JSON.stringify(place),
      geometryType: "esriGeometryPoint",
      pixelSize: JSON.stringify(size),
      returnGeometry: "false",
      returnCatalogItems: "true",
    };
    delete parameters.interpolation;
    delete parameters.renderingRule;
    return getJson(`${this.rest}/identify`, parameters, signal);
  }

  explain(bounds, size, settings, signal) {
    return getJson(`${this.rest}/explain`, {
      ...pictureParameters(settings),
      f: "json",
      bbox: [bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y].join(","),
      bboxSR: "3857",
      imageSR: "3857",
      size: `${size.x},${size.y}`,
      format: "png",
    }, signal);
  }
}
