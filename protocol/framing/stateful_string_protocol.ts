import { textAtOnce } from "../../internal/foreign_value.ts";
import * as log from "../../log/mod.ts";
import type { StringReceiver } from "./string_receiver.ts";

/** A class of string receivers: the argument of {@linkcode StatefulStringProtocol}. */
export type StringReceiverClass =
  // deno-lint-ignore no-explicit-any -- TypeScript requires any[] of the class that a mixin extends
  abstract new (...args: any[]) => StringReceiver;

/** What {@linkcode StatefulStringProtocol} adds to a class. */
export interface StatefulStrings {
  /**
   * The current state. The next string goes to the method `proto_` and this name. In the state
   * `done`, the connection is being closed.
   *
   * @default {"init"}
   */
  state: string;
  /**
   * Passes a string to the method of the current state.
   *
   * @param string The bytes, without their framing.
   */
  stringReceived(string: Uint8Array): void;
}

/** A class with the members of {@linkcode StatefulStrings}. */
export type StatefulStringsClass =
  // deno-lint-ignore no-explicit-any -- TypeScript requires any[] of the class that a mixin returns
  abstract new (...args: any[]) => StatefulStrings;

/**
 * Extends a string receiver, so that a method for each state of the conversation receives the
 * strings. Twisted's `twisted.protocols.basic.StatefulStringProtocol`, as a function that makes a
 * class, because JavaScript has no multiple inheritance.
 *
 * The first string goes to `proto_init(string)`. Each method returns the name of the next state:
 * after `"auth"`, the next string goes to `proto_auth(string)`. After `"done"`, the connection is
 * closed. A string for which there is no method is logged and dropped. The methods must not be
 * `async`.
 *
 * @param Base The string receiver: {@linkcode NetstringReceiver}, {@linkcode Int32StringReceiver}
 *   or a class that extends one.
 * @returns The class to extend.
 *
 * @example A greeting, then any number of messages
 * ```ts
 * import { NetstringReceiver, StatefulStringProtocol } from "@torsion/reactor/protocol";
 *
 * class Chat extends StatefulStringProtocol(NetstringReceiver) {
 *   name = "";
 *
 *   proto_init(string: Uint8Array) {
 *     this.name = new TextDecoder().decode(string);
 *     return "message";
 *   }
 *
 *   proto_message(string: Uint8Array) {
 *     const text = new TextDecoder().decode(string);
 *     console.log(`${this.name}: ${text}`);
 *     return text === "bye" ? "done" : "message";
 *   }
 * }
 * ```
 */
export function StatefulStringProtocol<B extends StringReceiverClass>(
  Base: B,
): B & StatefulStringsClass {
  abstract class Stateful extends Base implements StatefulStrings {
    state = "init";

    override stringReceived(string: Uint8Array): void {
      const method = `proto_${this.state}`;
      const handler: unknown = Reflect.get(this, method);
      if (typeof handler !== "function") {
        log.msg(
          `Cannot deliver a received string: ${this.constructor.name} has no method ${method}()`,
        );
        return;
      }
      this.state = textAtOnce(`${method}()`, Reflect.apply(handler, this, [string]));
      if (this.state === "done") this.transport.loseConnection();
    }
  }
  return Stateful;
}
