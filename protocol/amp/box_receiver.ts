/**
 * The parts of AMP that take part in one connection: those that receive boxes, and those that know
 * the responders.
 *
 * @module
 */

import type { AmpBox, IBoxSender } from "./amp_box.ts";

/** Receives the boxes of a connection. Twisted's `IBoxReceiver`. */
export interface IBoxReceiver {
  /**
   * Called when the connection has been made.
   *
   * @param boxSender The connection, which sends boxes to the peer.
   */
  startReceivingBoxes(boxSender: IBoxSender): void;
  /**
   * Called with each box. An error that it throws closes the connection. It is also logged, unless
   * it says that the peer's box is invalid.
   *
   * @param box The box.
   * @throws {MalformedAmpBox | NoEmptyBoxes} when the box is invalid.
   */
  ampBoxReceived(box: AmpBox): void;
  /**
   * Called when the connection has been lost.
   *
   * @param reason The reason: an AMP error if the peer's bytes were not boxes.
   */
  stopReceivingBoxes(reason: Error): void;
}

/** Answers the box of a call. */
export type BoxResponder = (box: AmpBox) => AmpBox | PromiseLike<AmpBox>;

/** Knows the responders of commands. Twisted's `IResponderLocator`. */
export interface IResponderLocator {
  /**
   * Returns the responder of a command.
   *
   * @param name The name of the command on the wire.
   * @returns A function that is called with the box of the call, and returns the box of the answer
   *   or a promise of it; `null` if the command has no responder.
   */
  locateResponder(name: string): BoxResponder | null;
}
