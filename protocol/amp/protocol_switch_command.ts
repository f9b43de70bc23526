import type { Deferred } from "../../defer/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import { AmpBox, type IBoxSender } from "./amp_box.ts";
import {
  BaseCommand,
  type CallOptions,
  type CommandCaller,
  type CommandErrors,
} from "./base_command.ts";
import { Command } from "./command.ts";
import { callToChange, connectionOf } from "./connection_change.ts";
import { RemoteAmpError } from "./errors.ts";
import type { EmptySchema, Received, Schema, Sendable } from "./schema.ts";

/** The options of a call that switches the protocol. */
export interface SwitchOptions extends CallOptions {
  /** The protocol that receives the connection when the peer has agreed. */
  protocol: IProtocol;
}

/** The definition of a {@linkcode ProtocolSwitchCommand}. */
export interface ProtocolSwitchDefinition<A extends Schema> extends CommandErrors {
  /**
   * The arguments of a call, by their names on the wire.
   *
   * @default {{}}
   */
  arguments?: A | undefined;
}

/** The answer to a {@linkcode ProtocolSwitchCommand}: the last box of the connection. */
class SwitchBox extends AmpBox {
  readonly #protocol: IProtocol;

  constructor(protocol: IProtocol) {
    super();
    this.#protocol = protocol;
  }

  override sendTo(sender: IBoxSender): void {
    const connection = connectionOf(sender);
    super.sendTo(connection);
    connection.lockForSwitch();
    connection.switchTo(this.#protocol);
  }
}

/**
 * A command after whose answer the connection speaks another protocol. Twisted's
 * `ProtocolSwitchCommand`.
 *
 * The responder returns the new protocol for its side, and the caller passes the one for its side
 * as the option `protocol`. Twisted takes a factory. Both protocols receive all bytes that come
 * after the answer.
 *
 * From the call on, no box can be sent: `callRemote` throws `ProtocolSwitched`. If the peer
 * refuses, boxes can be sent again. Calls that are not answered before the switch fail when the
 * connection is lost.
 *
 * @typeParam A The arguments.
 *
 * @example
 * ```ts
 * import { AMP, ProtocolSwitchCommand, Unicode } from "@torsion/reactor/amp";
 * import { LineReceiver } from "@torsion/reactor/protocol";
 *
 * const OpenShell = new ProtocolSwitchCommand("OpenShell", { arguments: { user: Unicode } });
 *
 * class Shell extends LineReceiver {}
 *
 * class Server extends AMP {
 *   constructor() {
 *     super();
 *     this.responder(OpenShell, ({ user }) => {
 *       if (user !== "ada") throw new Error("unknown user");
 *       return new Shell();
 *     });
 *   }
 * }
 *
 * async function openShell(client: AMP): Promise<Shell> {
 *   const shell = new Shell();
 *   await client.callRemote(OpenShell, { user: "ada" }, { protocol: shell });
 *   return shell;
 * }
 * ```
 */
export class ProtocolSwitchCommand<const A extends Schema = EmptySchema>
  extends BaseCommand<Sendable<A>, Deferred<void>, Received<A>, IProtocol, SwitchOptions> {
  readonly #call: Command<A>;

  /**
   * Creates a command.
   *
   * @param name The name on the wire.
   * @param definition The arguments and the errors.
   * @throws {TypeError} when a name, a type or an error is not what the definition requires.
   */
  constructor(name: string, definition: ProtocolSwitchDefinition<A> = {}) {
    super(name, definition);
    this.#call = new Command(name, { arguments: definition.arguments });
  }

  /** Sends the command, and switches the protocol when the peer has agreed. */
  override send(
    caller: CommandCaller,
    args: Sendable<A>,
    options: SwitchOptions,
  ): Deferred<void> {
    const { protocol } = options;
    checkProtocol(`callRemote(${this.commandName}) protocol`, protocol);
    const connection = connectionOf(caller.boxSender);
    const box = this.#call.makeArguments(args, caller);
    return callToChange(caller, this.commandName, box, options, {
      begin: () => connection.lockForSwitch(),
      complete: () => connection.switchTo(protocol),
      refused: () => connection.unlockFromSwitch(),
    }).addErrback((error) => {
      throw error instanceof RemoteAmpError ? this.localErrorOf(error) : error;
    });
  }

  /** Decodes the arguments of a call. */
  override parseArguments(box: AmpBox, protocol: object | null = null): Received<A> {
    return this.#call.parseArguments(box, protocol);
  }

  /** Returns the answer, which switches the protocol when it has been sent. */
  override makeResponse(result: IProtocol): AmpBox {
    checkProtocol("the result of the responder", result);
    return new SwitchBox(result);
  }
}

function checkProtocol(what: string, value: unknown): void {
  const isProtocol = typeof value === "object" && value !== null && "makeConnection" in value;
  if (!isProtocol) throw new TypeError(`${what} must be a protocol, got ${quote(value)}`);
}
