/**
 * What the conformance tests of child processes run in: protocols that say what happened, and can be waited for.
 *
 * @module
 */

import { ProcessProtocol } from "../../protocol/mod.ts";
import type { ProcessDone, ProcessTerminated } from "../errors.ts";
import type {
  IProcessProtocol,
  IProcessTransport,
  IReactor,
  IReactorProcess,
  SpawnProcessOptions,
} from "../interfaces.ts";
import { SocketBed, type SocketTest, socketTest } from "./socket_bed.ts";
import { Bell } from "./wire.ts";

/** What a {@linkcode Child} does beside recording. */
export interface ChildBehaviour {
  connectionMade?: (child: Child) => unknown;
  outReceived?: (child: Child, data: Uint8Array) => unknown;
  errReceived?: (child: Child, data: Uint8Array) => unknown;
  outConnectionLost?: (child: Child) => unknown;
  processExited?: (child: Child) => unknown;
  processEnded?: (child: Child) => unknown;
}

/** A process protocol that records. */
export class Child extends ProcessProtocol {
  /** What happened, in order: `made`, `out`, `err`, `in lost`, `out lost`, `err lost`, `exited`, `ended`. Of data, the first of each run. */
  readonly events: string[] = [];
  /** All that came from its output and its errors. */
  readonly chunks: { out: Uint8Array[]; err: Uint8Array[] } = { out: [], err: [] };
  /** How many bytes came. */
  readonly size: { out: number; err: number } = { out: 0, err: 0 };
  /** What `processExited`, `processEnded` and the pipes' ends were given. */
  readonly reasons: Record<string, Error> = {};
  readonly #behaviour: ChildBehaviour;
  readonly #bell = new Bell();

  constructor(behaviour: ChildBehaviour = {}) {
    super();
    this.#behaviour = behaviour;
  }

  /** What its output is, as text. */
  get out(): string {
    return text(this.chunks.out);
  }

  /** What its errors are, as text. */
  get err(): string {
    return text(this.chunks.err);
  }

  override connectionMade(): void {
    return this.#tell("made", () => this.#behaviour.connectionMade?.(this));
  }

  override outReceived(data: Uint8Array): void {
    this.#keep("out", data);
    return this.#tell("out", () => this.#behaviour.outReceived?.(this, data));
  }

  override errReceived(data: Uint8Array): void {
    this.#keep("err", data);
    return this.#tell("err", () => this.#behaviour.errReceived?.(this, data));
  }

  override inConnectionLost(reason: Error): void {
    this.reasons["in lost"] = reason;
    this.#tell("in lost", () => {});
  }

  override outConnectionLost(reason: Error): void {
    this.reasons["out lost"] = reason;
    return this.#tell("out lost", () => this.#behaviour.outConnectionLost?.(this));
  }

  override errConnectionLost(reason: Error): void {
    this.reasons["err lost"] = reason;
    this.#tell("err lost", () => {});
  }

  override processExited(reason: Error): void {
    this.reasons.exited = reason;
    return this.#tell("exited", () => this.#behaviour.processExited?.(this));
  }

  override processEnded(reason: Error): void {
    this.reasons.ended = reason;
    return this.#tell("ended", () => this.#behaviour.processEnded?.(this));
  }

  /** Resolves when that has happened. */
  seen(event: string): Promise<void> {
    return this.#bell.until(() => this.events.includes(event));
  }

  /** Resolves once its output, or its errors, have that in them. */
  said(what: string, where: "out" | "err" = "out"): Promise<void> {
    return this.#bell.until(() => this[where].includes(what));
  }

  /** Resolves with how it ended. */
  async ended(): Promise<ProcessDone | ProcessTerminated> {
    await this.seen("ended");
    // The interface promises one of the two; a test that compares their fields sees if it is not.
    return this.reasons.ended as ProcessDone | ProcessTerminated;
  }

  #keep(where: "out" | "err", data: Uint8Array): void {
    this.chunks[where].push(data);
    this.size[where] += data.length;
  }

  #tell(event: string, then: () => unknown): void {
    if (this.events.at(-1) !== event || !/^(out|err)$/.test(event)) this.events.push(event);
    try {
      // What a behaviour returns may be a promise, which the reactor looks at.
      return then() as void;
    } finally {
      this.#bell.ring();
    }
  }
}

/** A reactor for one test of child processes. What is left of them is killed. */
export class ProcessBed extends SocketBed {
  /** Starts a program. */
  spawn(executable: string, child: Child, options: SpawnProcessOptions = {}): IProcessTransport {
    const process = this.reactor.spawnProcess(child, executable, options);
    this.after(async () => {
      // Nothing is told before it runs.
      void this.run();
      if (process.pid !== null) process.signalProcess("KILL");
      // Of pipes that a test has paused, the end is never heard.
      process.loseConnection();
      await child.seen("ended");
    });
    return process;
  }

  /** Starts a shell with a script. Its environment has a PATH. */
  sh(script: string, behaviour: ChildBehaviour = {}, options: SpawnProcessOptions = {}): Child {
    const child = new Child(behaviour);
    this.spawn("/bin/sh", child, {
      args: ["-c", script],
      env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      ...options,
    });
    return child;
  }
}

/** What makes tests for one kind of reactor. */
export function processTest(name: string, makeReactor: () => IReactor): SocketTest<ProcessBed> {
  return socketTest(name, (errors) => new ProcessBed(makeReactor(), errors));
}

/** Tells when a child has ended, whoever its protocol is. */
export class WatchedReactor implements IReactorProcess {
  readonly #reactor: IReactorProcess;
  readonly #ended = Promise.withResolvers<Error>();

  constructor(reactor: IReactorProcess) {
    this.#reactor = reactor;
  }

  /** Resolves with how it ended. */
  get ended(): Promise<Error> {
    return this.#ended.promise;
  }

  spawnProcess(
    protocol: IProcessProtocol,
    executable: string,
    options?: SpawnProcessOptions,
  ): IProcessTransport {
    const ended = protocol.processEnded.bind(protocol);
    protocol.processEnded = (reason) => {
      ended(reason);
      this.#ended.resolve(reason);
    };
    return this.#reactor.spawnProcess(protocol, executable, options);
  }
}

/** A folder for one test. */
export function temporaryFolder(bed: ProcessBed): string {
  const path = Deno.realPathSync(Deno.makeTempDirSync());
  bed.after(() => Deno.removeSync(path, { recursive: true }));
  return path;
}

/** Whether that process is there, and be it to be reaped. */
export function isThere(pid: number | null): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function text(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
}
