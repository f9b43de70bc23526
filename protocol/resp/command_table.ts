import { checkFunction, checkInteger } from "../../internal/validation.ts";
import { quote } from "../../internal/foreign_value.ts";
import type { HelloReply } from "./hello.ts";
import type { RESPCommand } from "./resp_command.ts";
import type { RESPOutput } from "./resp_output.ts";

/** The greatest number of bytes of a name or of arguments that an error quotes, as in Redis. */
const MAX_QUOTED = 128;

/**
 * A reply that consists of any number of pushes, as that to `SUBSCRIBE` does. Without a push,
 * nothing is sent.
 */
export class PushReply {
  /** The pushes. */
  readonly pushes: readonly (readonly RESPOutput[])[];

  /**
   * Creates a reply.
   *
   * @param pushes The pushes: for each, its kind and its data.
   */
  constructor(pushes: readonly (readonly RESPOutput[])[]) {
    this.pushes = pushes;
  }
}

/** The result of a command. */
export type CommandResult = RESPOutput | PushReply | HelloReply;

/** An entry of a {@linkcode CommandTable}: a command that a server knows. */
export interface CommandTableEntry<Client> {
  /**
   * The number of words, the name included, as in Redis. A negative number is a minimum: -2 accepts
   * two words or more.
   */
  readonly arity: number;
  /**
   * Handles the command.
   *
   * @param command The command. Its number of words matches `arity`.
   * @param client The connection of the client.
   * @returns The reply, or a Deferred or promise of it. A {@linkcode RESPError} that it throws is
   *   sent to the client. Any other error is logged, and the client receives `ERR internal error`.
   */
  run(command: RESPCommand, client: Client): CommandResult | PromiseLike<CommandResult>;
}

/** Commands by their names in upper case. */
export type CommandTableEntries<Client> = Readonly<Record<string, CommandTableEntry<Client>>>;

/**
 * The commands that a server knows. All its connections share one table.
 *
 * @typeParam Client The protocol of a connection.
 *
 * @example
 * ```ts
 * import { CommandTable } from "@torsion/reactor/resp";
 *
 * const table = new CommandTable({
 *   PING: { arity: -1, run: (command) => command.length === 0 ? "PONG" : command.bytes(0) },
 * });
 * console.log(table.get("PING")?.arity, table.get("GET"));
 * ```
 */
export class CommandTable<Client> implements Iterable<[string, CommandTableEntry<Client>]> {
  readonly #entries: ReadonlyMap<string, CommandTableEntry<Client>>;

  /**
   * Creates a table.
   *
   * @param entries The commands, by their names in upper case.
   * @throws {RangeError} when a name is not in upper case, or an arity is 0 or not an integer.
   * @throws {TypeError} when a command has no function `run`.
   */
  constructor(entries: CommandTableEntries<Client>) {
    const all = Object.entries(entries);
    for (const [name, { arity, run }] of all) {
      if (name !== name.toUpperCase()) {
        throw new RangeError(`Cannot define the command ${quote(name)}: it is not in upper case`);
      }
      checkInteger(`the arity of ${name}`, arity, -65536, 65536);
      if (arity === 0) {
        throw new RangeError(
          `Cannot define the command ${quote(name)}: its arity is 0, but its name counts`,
        );
      }
      checkFunction(`run of ${name}`, run);
    }
    this.#entries = new Map(all);
  }

  /**
   * Returns a command.
   *
   * @param name The name in upper case.
   */
  get(name: string): CommandTableEntry<Client> | undefined {
    return this.#entries.get(name);
  }

  /** Iterates over the names and the commands. */
  [Symbol.iterator](): Iterator<[string, CommandTableEntry<Client>]> {
    return this.#entries[Symbol.iterator]();
  }
}

/** Returns whether a command has the number of words that an arity demands. */
export function fitsArity(command: RESPCommand, arity: number): boolean {
  const words = command.length + 1;
  return arity > 0 ? words === arity : words >= -arity;
}

/** Returns the description of an unknown command, in the words of Redis. */
export function unknownCommand(command: RESPCommand): string {
  let args = "";
  for (let i = 0; i < command.length && args.length < MAX_QUOTED; i++) {
    args += `'${command.text(i).slice(0, MAX_QUOTED - args.length)}' `;
  }
  const name = command.sentName.slice(0, MAX_QUOTED);
  return `unknown command '${name}', with args beginning with: ${args}`;
}
