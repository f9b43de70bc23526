import { atOnce, callLogged, logUserError } from "../../defer/guarded_call.ts";
import { textOf } from "../../internal/foreign_value.ts";
import { checkBound, checkFunction, checkString } from "../../internal/validation.ts";
import { visibleText } from "../../internal/visible_text.ts";
import * as log from "../../log/mod.ts";
import { type SyncWriter, writeText } from "../../log/sync_writer.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type { IProtocol, WriteOptions } from "../../reactor/interfaces/mod.ts";
import { checkData } from "../../reactor/stream/written_data.ts";
import { bytesText } from "./bytes_text.ts";
import { ProtocolWrapper } from "./protocol_wrapper.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

/** A file for the traffic of one connection: `Deno.FsFile` is one. */
export interface TrafficLog extends SyncWriter {
  /** Closes the file. Called when the connection is lost. */
  close?(): void;
}

/** Options of a {@linkcode TrafficLoggingFactory}. */
export interface TrafficLoggingFactoryOptions {
  /**
   * Opens the file of a connection, such as
   * `(name) => Deno.openSync(name, { write: true, create: true, truncate: true })`.
   *
   * @default {undefined} The lines go to the log.
   */
  open?: ((name: string) => TrafficLog) | undefined;
  /**
   * The number of bytes of one chunk that are logged.
   *
   * @default {Infinity}
   */
  lengthLimit?: number | undefined;
}

/**
 * A connection of a {@linkcode TrafficLoggingFactory}. Twisted's `TrafficLoggingProtocol`.
 *
 * @typeParam P The wrapped protocol.
 */
export class TrafficLoggingProtocol<P extends IProtocol = IProtocol>
  extends ProtocolWrapper<P, TrafficLoggingFactory<P>> {
  /** The file. */
  readonly logfile: TrafficLog;
  /** The number of the connection. */
  readonly number: number;
  readonly #lengthLimit: number;
  #hasFailed = false;

  /**
   * Creates a wrapper.
   *
   * @param factory The factory that makes the wrapper.
   * @param wrappedProtocol The protocol.
   * @param logfile The file.
   * @param lengthLimit The number of bytes of one chunk that are logged.
   * @param number The number of the connection.
   */
  constructor(
    factory: TrafficLoggingFactory<P>,
    wrappedProtocol: P,
    logfile: TrafficLog,
    lengthLimit = Infinity,
    number = 0,
  ) {
    super(factory, wrappedProtocol);
    this.logfile = logfile;
    this.number = number;
    this.#lengthLimit = lengthLimit;
  }

  /** Logs that the connection has begun. */
  override connectionMade(): void {
    this.#log("*");
  }

  /** Logs the data, and passes it on. */
  override dataReceived(data: Uint8Array): void {
    this.#log(`C ${this.number}: ${this.#shown(data)}`);
    return super.dataReceived(data);
  }

  /** Logs the reason, closes the file, and passes the loss on. */
  override connectionLost(reason: Error): void {
    this.#log(`C ${this.number}: ${visibleText(textOf(reason), { newlines: "escaped" })}`);
    callLogged(() => this.logfile.close?.(), [], `Error while calling close of ${this.#name}`);
    return super.connectionLost(reason);
  }

  /** Logs the data, and writes it. */
  override write(data: Uint8Array | string, options?: WriteOptions): void {
    checkData("write", data);
    this.#log(`S ${this.number}: ${this.#shown(data)}`);
    super.write(data, options);
  }

  /** Logs the pieces on one line, and writes them. */
  override writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    this.#log(`SV ${this.number}: [${pieces.map((piece) => this.#shown(piece)).join(", ")}]`);
    super.writeSequence(pieces);
  }

  /** Logs that this side closes the connection, and closes it. */
  override loseConnection(): void {
    this.#log(`S ${this.number}: *`);
    super.loseConnection();
  }

  #shown(data: Uint8Array | string): string {
    return bytesText(data, this.#lengthLimit);
  }

  get #name(): string {
    return `the traffic log of connection ${this.number}`;
  }

  /** Writes a line. After a failure, such as a full disk, the connection is no longer logged. */
  #log(line: string): void {
    if (this.#hasFailed) return;
    try {
      writeText(this.logfile, `${line}\n`);
    } catch (error) {
      this.#hasFailed = true;
      logUserError(error, `Error while calling writeSync of ${this.#name}`);
    }
  }
}

/**
 * Writes everything that is sent and received to a file for each connection. Twisted's
 * `TrafficLoggingFactory`.
 *
 * The name of a file is the prefix, `-` and the number of the connection. Lines with `C` are about
 * the peer, those with `S` about this side; `SV` is a call of `writeSequence`, and `*` the begin of
 * the connection, or its end by this side.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { Factory, Protocol, TrafficLoggingFactory } from "@torsion/reactor/protocol";
 *
 * const factory = new TrafficLoggingFactory(Factory.forProtocol(Protocol), "traffic", {
 *   open: (name) => Deno.openSync(name, { write: true, create: true, truncate: true }),
 * });
 * reactor.listenTCP(2000, factory); // the first connection: traffic-1
 * // *
 * // C 1: "hello\r\n"
 * // C 1: ConnectionDone: Connection was closed cleanly
 * await reactor.run();
 * ```
 */
export class TrafficLoggingFactory<P extends IProtocol = IProtocol>
  extends WrappingFactory<P, TrafficLoggingProtocol<P>> {
  /** The beginning of each file name. */
  readonly logfilePrefix: string;
  /** The number of bytes of one chunk that are logged. */
  readonly lengthLimit: number;
  readonly #open: (name: string) => TrafficLog;
  #counter = 0;

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param logfilePrefix The beginning of each file name.
   * @param options The function that opens files, and the limit.
   * @throws {RangeError | TypeError} when an option is out of range.
   */
  constructor(
    wrappedFactory: ITypedProtocolFactory<P>,
    logfilePrefix: string,
    options: TrafficLoggingFactoryOptions = {},
  ) {
    super(wrappedFactory);
    const { open = logLines, lengthLimit = Infinity } = options;
    checkString("logfilePrefix", logfilePrefix);
    checkFunction("TrafficLoggingFactory() open", open);
    checkBound("lengthLimit", lengthLimit, 0);
    this.logfilePrefix = logfilePrefix;
    this.lengthLimit = lengthLimit;
    this.#open = open;
  }

  /**
   * Opens the file of a connection. An error refuses the connection, and is logged.
   *
   * @param name The name of the file.
   * @returns The file.
   */
  open(name: string): TrafficLog {
    return atOnce("open()", this.#open(name), `Error while calling open for ${name}`);
  }

  /** Starts again to number the connections from 1. */
  resetCounter(): void {
    this.#counter = 0;
  }

  /** Numbers the connection, opens its file, and wraps the protocol. */
  override wrapProtocol(protocol: P): TrafficLoggingProtocol<P> {
    const number = ++this.#counter;
    const logfile = this.open(`${this.logfilePrefix}-${number}`);
    return new TrafficLoggingProtocol(this, protocol, logfile, this.lengthLimit, number);
  }
}

/** Returns a file whose lines go to the log. */
function logLines(name: string): TrafficLog {
  const decoder = new TextDecoder();
  return {
    writeSync: (data): number => {
      log.msg(`${name}: ${decoder.decode(data).trimEnd()}`);
      return data.length;
    },
  };
}
