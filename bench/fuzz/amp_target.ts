/**
 * The boxes of AMP, with small limits, and a protocol that sends them back.
 *
 * @module
 */

import {
  type AmpBox,
  BinaryBoxProtocol,
  BoxDecoder,
  type IBoxReceiver,
  type IBoxSender,
  NoEmptyBoxes,
} from "../../protocol/amp/mod.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const LIMITS = { maxBoxLength: 60, maxKeys: 3 };

/** Sends each box back. */
class Echo implements IBoxReceiver {
  #sender: IBoxSender | null = null;

  startReceivingBoxes(sender: IBoxSender): void {
    this.#sender = sender;
  }

  ampBoxReceived(box: AmpBox): void {
    if (box.size === 0) throw new NoEmptyBoxes("Cannot send a box without keys back");
    this.#sender?.sendBox(box);
  }

  stopReceivingBoxes(): void {}
}

export const AMP_TARGET: FuzzTarget = {
  name: "amp_box",
  sources: ["protocol/amp/box_decoder.ts"],
  // A box whose last byte is missing.
  maxBuffered: 59,
  tokens: [
    "\0\0",
    "\0\x01a\0\x011",
    "\0\x04_ask\0\x011",
    "\0\x08_command\0\x03sum",
    new Uint8Array([0, 2, 0xc3, 0xa9, 0, 0]),
    new Uint8Array([0, 1, 0xff, 0, 0]),
    "\x01\0",
    new Uint8Array([0, 0xff]),
    new Uint8Array([0xff, 0xff]),
  ],
  makeDecoder: () => new BoxDecoder(LIMITS),
  makeProtocol: () => new BinaryBoxProtocol(new Echo(), LIMITS),
};
