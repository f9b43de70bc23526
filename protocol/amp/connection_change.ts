/**
 * What the commands that change a connection have in common: both sides change it at once, between
 * the answer and the bytes after it.
 *
 * @module
 */

import type { Deferred } from "../../defer/mod.ts";
import { quote } from "../../internal/validation.ts";
import type { AmpBox, IBoxSender } from "./amp_box.ts";
import type { CallOptions, CommandCaller } from "./base_command.ts";
import { BinaryBoxProtocol } from "./binary_box_protocol.ts";
import { RemoteAmpError, UnhandledCommand } from "./errors.ts";

/** A change of a connection. */
export interface ConnectionChange {
  /** Prepares the change: the call has been sent. */
  begin(): void;
  /** Makes the change: the peer has agreed. */
  complete(): void;
  /** Undoes the preparation: the peer has refused. */
  refused(reason: Error): void;
}

/**
 * Returns the connection of a sender of boxes.
 *
 * @param sender The sender.
 * @returns The connection.
 * @throws {TypeError} when the sender is not a connection.
 */
export function connectionOf(sender: IBoxSender): BinaryBoxProtocol {
  if (sender instanceof BinaryBoxProtocol) return sender;
  throw new TypeError(
    `Cannot change the connection: the sender of boxes must be a BinaryBoxProtocol, got ${
      quote(sender)
    }`,
  );
}

/**
 * Calls a command that changes the connection, and makes the change when the peer has agreed.
 *
 * If the call is abandoned, for example by a timeout, it is unknown whether the peer will make the
 * change. The connection is then aborted.
 *
 * @param caller The connection.
 * @param name The name of the command.
 * @param box The arguments.
 * @param options The options of the call.
 * @param change The change.
 * @returns A Deferred that fires when this side has made the change.
 */
export function callToChange(
  caller: CommandCaller,
  name: string,
  box: AmpBox,
  options: CallOptions,
  change: ConnectionChange,
): Deferred<void> {
  const { transport } = connectionOf(caller.boxSender);
  const answer = caller.callBox(name, box, options);
  // A call that has failed already has not been sent.
  if (answer.called) return answer.addCallback(() => {});
  change.begin();
  return answer.addCallbacks(
    () => {
      try {
        change.complete();
      } catch (error) {
        // The peer has made the change, so that the two sides no longer agree.
        transport.abortConnection(error instanceof Error ? error : undefined);
        throw error;
      }
    },
    (error) => {
      const isRefusal = error instanceof RemoteAmpError || error instanceof UnhandledCommand;
      if (isRefusal) change.refused(error);
      else transport.abortConnection(error);
      throw error;
    },
  );
}
