import { ServerFactory } from "../factory.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { CommandTable } from "./command_table.ts";
import { type RESPServerOptions, RESPServerProtocol } from "./resp_server_protocol.ts";

/**
 * A server that speaks RESP: it builds a {@linkcode RESPServerProtocol} for each client, all with
 * the same commands.
 *
 * For a subclass of the protocol, use `Factory.forProtocol(() => new Subclass(commands))`.
 *
 * @example A counter for `redis-cli -p 6380`
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { CommandTable, RESPFactory } from "@torsion/reactor/resp";
 *
 * let count = 0;
 * const commands = new CommandTable({ COUNT: { arity: 1, run: () => ++count } });
 * reactor.listenTCP(6380, new RESPFactory(commands), { interface: "127.0.0.1" });
 * await reactor.run();
 * ```
 */
export class RESPFactory extends ServerFactory<RESPServerProtocol> {
  readonly #commands: CommandTable<RESPServerProtocol>;
  readonly #options: RESPServerOptions;
  #lastId = 0;

  /**
   * Creates a server that does not listen yet.
   *
   * @param commands The commands.
   * @param options The limits of each connection.
   * @throws {RangeError} when a limit is out of range.
   */
  constructor(commands: CommandTable<RESPServerProtocol>, options: RESPServerOptions = {}) {
    super();
    this.#commands = commands;
    this.#options = options;
    // An invalid option is reported here, and not for each client.
    new RESPServerProtocol(commands, options);
  }

  /** Builds the protocol of a client. */
  override buildProtocol(_addr: Address): RESPServerProtocol {
    const protocol = new RESPServerProtocol(this.#commands, this.#options);
    protocol.factory = this;
    protocol.id = ++this.#lastId;
    return protocol;
  }
}
