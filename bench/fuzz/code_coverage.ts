/**
 * Measures which code of some files has run, with the coverage counters of V8.
 *
 * @module
 */

import { Session } from "node:inspector/promises";

/** The code of one file. */
interface Script {
  readonly path: string;
  readonly id: string;
  /** For each character of the code: 0 in no function that has run, 1 not reached, 2 reached. */
  states: Uint8Array;
}

/** How often a part of the code has run. */
interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Counts the code of some files that has been reached. */
export class CodeCoverage implements Disposable {
  readonly #session = new Session();
  readonly #paths: readonly string[];
  readonly #scripts = new Map<string, Script>();

  /** @param paths The ends of the URLs of the files. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#session.connect();
  }

  /** Starts counting. Code that runs before it is not counted. */
  async start(): Promise<void> {
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /**
   * Adds the code that has run since the last call.
   *
   * @returns Whether some of it ran for the first time.
   */
  add(): Promise<boolean> {
    return this.#take((script, ranges) => addFunction(script, ranges));
  }

  /**
   * Returns whether code ran for the first time since the last call, and does not add it. Run the
   * inputs again, one by one, to find those that reach it.
   */
  peek(): Promise<boolean> {
    return this.#take((script, ranges) =>
      addFunction({ ...script, states: script.states.slice() }, ranges)
    );
  }

  async #take(add: (script: Script, ranges: readonly Range[]) => boolean): Promise<boolean> {
    let isNew = false;
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    for (const { scriptId, url, functions } of result) {
      const script = this.#scriptOf(url, scriptId);
      if (script === undefined) continue;
      for (const { ranges } of functions) isNew = add(script, ranges) || isNew;
    }
    return isNew;
  }

  /** Returns a line about each file: the part that was reached, and the code that was not. */
  async report(): Promise<string[]> {
    await this.#session.post("Debugger.enable");
    const lines: string[] = [];
    for (const { path, id, states } of this.#scripts.values()) {
      const { scriptSource } = await this.#session.post("Debugger.getScriptSource", {
        scriptId: id,
      });
      const reached = states.reduce((count, state) => count + (state === 2 ? 1 : 0), 0);
      const known = states.reduce((count, state) => count + (state > 0 ? 1 : 0), 0);
      lines.push(`${path}: ${(100 * reached / known).toFixed(1)} % of the code was reached`);
      lines.push(...missing(scriptSource, states).map((code) => `  not reached: ${code}`));
    }
    await this.#session.post("Debugger.disable");
    return lines;
  }

  /** Stops counting. */
  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  #scriptOf(url: string, id: string): Script | undefined {
    const path = this.#paths.find((path) => url.endsWith(`/${path}`));
    if (path === undefined) return undefined;
    const known = this.#scripts.get(path);
    if (known !== undefined) return known;
    const script = { path, id, states: new Uint8Array(0) };
    this.#scripts.set(path, script);
    return script;
  }
}

/** Adds the counts of a function. Inner ranges come after those that contain them. */
function addFunction(
  script: Script,
  ranges: readonly Range[],
): boolean {
  const [whole] = ranges;
  if (whole === undefined) return false;
  if (script.states.length < whole.endOffset) {
    const states = new Uint8Array(whole.endOffset);
    states.set(script.states);
    script.states = states;
  }
  const before = script.states.slice(whole.startOffset, whole.endOffset);
  const fresh = new Uint8Array(before.length);
  for (const { startOffset, endOffset, count } of ranges) {
    fresh.fill(count > 0 ? 2 : 1, startOffset - whole.startOffset, endOffset - whole.startOffset);
  }
  let isNew = false;
  fresh.forEach((state, i) => {
    if (state <= (before[i] ?? 0)) return;
    script.states[whole.startOffset + i] = state;
    if (state === 2) isNew = true;
  });
  return isNew;
}

/** Returns the code that was not reached, each piece on one line. */
function missing(source: string, states: Uint8Array): string[] {
  const pieces: string[] = [];
  let start = -1;
  for (let i = 0; i <= states.length; i++) {
    if (states[i] === 1) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      pieces.push(source.slice(start, i).replaceAll(/\s+/g, " ").trim());
      start = -1;
    }
  }
  // A lone bracket is what V8 counts after a return.
  return pieces.filter((piece) => /\w/.test(piece));
}
