// How long tiles took: the browser's own record of each answer, with the server's stages in it.

const KEPT = 80;

// Metrics that hold others: the whole answer, or the part of it spent in an instance.
const WHOLES = ["total", "instance"];

// As a tile meets them; others follow.
const ORDER = ["queue", "plan", "grid", "locate", "blocks", "fetch", "sample", "render", "picture", "chain", "encode"];

function place(name) {
  return ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length;
}

function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export class Timings extends EventTarget {
  constructor(prefix) {
    super();
    this.prefix = prefix;
    this.entries = [];
    this.count = 0;
    const observer = new PerformanceObserver((list) => {
      const found = list.getEntries().filter((e) => e.name.startsWith(prefix) && /\.(png|jpg|webp)(\?|$)/.test(e.name));
      if (found.length > 0) this.take(found);
    });
    observer.observe({ type: "resource", buffered: true });
    // The browser keeps 250 entries by default and then stops recording.
    performance.addEventListener?.("resourcetimingbufferfull", () => performance.clearResourceTimings());
  }

  take(found) {
    for (const entry of found) {
      const stages = new Map((entry.serverTiming ?? []).map((s) => [s.name, s.duration]));
      this.entries.push({ stages, wait: entry.responseEnd - entry.startTime, bytes: entry.transferSize });
      this.count += 1;
    }
    this.entries.splice(0, this.entries.length - KEPT);
    this.dispatchEvent(new Event("change"));
  }

  /** Forget: the settings changed, so old numbers say nothing about the new picture. */
  reset() {
    this.entries = [];
    this.count = 0;
    this.dispatchEvent(new Event("change"));
  }

  /** Medians over the last tiles: {tiles, fromCache, wait, server: ms of work, stages: [[name, ms], …]}. */
  summary() {
    // A tile from the server's response cache has no stages worth a median.
    const cached = this.entries.filter((e) => e.stages.has("cache"));
    const made = this.entries.filter((e) => e.stages.size > 0 && !e.stages.has("cache"));
    // Tiles beside the data sample nothing; they would make the others look cheap.
    const full = made.filter((e) => e.stages.has("sample"));
    const timed = full.length > 0 ? full : made;
    const names = [...new Set(timed.flatMap((e) => [...e.stages.keys()]))].sort((a, b) => place(a) - place(b));
    const stages = names
      .filter((name) => !WHOLES.includes(name) && name !== "cache")
      .map((name) => [name, median(timed.filter((e) => e.stages.has(name)).map((e) => e.stages.get(name)))])
      .filter(([, ms]) => ms !== null);
    // Waiting in line is the load's doing, not the tile's: counted as a stage, not as work.
    const work = timed.map((e) => [...e.stages].reduce((sum, [name, ms]) => (WHOLES.includes(name) || name === "queue" ? sum : sum + ms), 0));
    return {
      tiles: this.count,
      fromCache: this.entries.filter((e) => e.bytes === 0).length,
      fromServerCache: cached.length,
      wait: median(this.entries.filter((e) => e.bytes > 0).map((e) => e.wait)),
      server: median(work),
      stages,
    };
  }
}
