import { type Deferred, maybeDeferred } from "../../defer/mod.ts";
import { checkFunction, quote } from "../../internal/validation.ts";
import { messageOf } from "../../internal/foreign_value.ts";
import type { AmpBox } from "./amp_box.ts";
import { BaseCommand, type CallOptions } from "./base_command.ts";
import type { BoxResponder, IResponderLocator } from "./box_receiver.ts";
import { BadLocalReturn, RemoteAmpError } from "./errors.ts";

/**
 * A function that answers the calls of a command: it receives the arguments, and returns the values
 * of the answer, or a promise of them.
 *
 * @typeParam Received The arguments.
 * @typeParam Returned The values of the answer.
 */
export type Responder<Received, Returned> = (
  args: Received,
) => Returned | PromiseLike<Returned>;

/** The part of a command that its responder needs. */
type Answerable<Received, Returned> = Pick<
  BaseCommand<object, unknown, Received, Returned, never>,
  "commandName" | "parseArguments" | "makeResponse" | "remoteErrorOf"
>;

/**
 * A table of responders. Twisted's `CommandLocator`. {@linkcode AMP} contains one; a table of its
 * own can be shared by many connections.
 *
 * @example Responders for all connections of a server
 * ```ts
 * import { AMP, Command, CommandLocator, Integer } from "@torsion/reactor/amp";
 * import { Factory } from "@torsion/reactor/protocol";
 *
 * const Sum = new Command("Sum", {
 *   arguments: { a: Integer, b: Integer },
 *   response: { total: Integer },
 * });
 * const locator = new CommandLocator();
 * locator.responder(Sum, ({ a, b }) => ({ total: a + b }));
 * const factory = Factory.forProtocol(() => new AMP({ locator }));
 * ```
 */
export class CommandLocator implements IResponderLocator {
  readonly #protocol: object;
  readonly #responders = new Map<string, BoxResponder>();

  /**
   * Creates an empty table.
   *
   * @param protocol The protocol that is passed to the types of arguments. By default, the table
   *   itself.
   */
  constructor(protocol?: object) {
    this.#protocol = protocol ?? this;
  }

  /**
   * Adds the responder of a command, in place of an earlier one. Twisted's `Command.responder`.
   *
   * @param command The command.
   * @param f The responder. An error that it throws, and that the command defines, is sent to the
   *   caller. Any other error is logged, and closes the connection.
   * @returns This table.
   * @throws {TypeError} when `command` is not a command, or `f` is not a function.
   */
  responder<A extends object, Result, Received, Returned, O extends CallOptions>(
    command: BaseCommand<A, Result, Received, Returned, O>,
    f: Responder<Received, Returned>,
  ): this {
    if (!(command instanceof BaseCommand)) {
      throw new TypeError(`responder() command must be a Command, got ${quote(command)}`);
    }
    checkFunction("responder() f", f);
    const protocol = this.#protocol;
    this.#responders.set(command.commandName, (box) => respond(command, f, box, protocol));
    return this;
  }

  /** Returns the responder of a command; `null` if it has none. */
  locateResponder(name: string): BoxResponder | null {
    return this.#responders.get(name) ?? null;
  }
}

/** Answers a call with the result of a responder. */
function respond<Received, Returned>(
  command: Answerable<Received, Returned>,
  f: Responder<Received, Returned>,
  box: AmpBox,
  protocol: object,
): Deferred<AmpBox> {
  const args = command.parseArguments(box, protocol);
  return maybeDeferred(() => f(args))
    .addCallback((result) => makeResponse(command, result, protocol))
    .addErrback((error) => {
      throw command.remoteErrorOf(error) ?? error;
    });
}

function makeResponse<Received, Returned>(
  command: Answerable<Received, Returned>,
  result: Returned,
  protocol: object,
): AmpBox {
  try {
    return command.makeResponse(result, protocol);
  } catch (error) {
    if (error instanceof RemoteAmpError) throw error;
    throw new BadLocalReturn(
      `The responder of ${quote(command.commandName)} returned ${quote(result)}: ${
        messageOf(error)
      }`,
      { cause: error },
    );
  }
}
