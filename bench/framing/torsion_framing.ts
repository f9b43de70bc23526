/**
 * The receivers of this library, each on a connection in memory.
 *
 * @module
 */

import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { Int32StringReceiver, LineReceiver, NetstringReceiver } from "../../protocol/mod.ts";
import type { IProtocol } from "../../reactor/mod.ts";
import { OURS, type Received } from "../receivers.ts";
import type { Format, FrameReceiver } from "./frames.ts";

class TextLines extends LineReceiver implements Received {
  override delimiter = "\n";
  count = 0;
  length = 0;

  override textReceived(line: string): void {
    this.count++;
    this.length += line.length;
  }
}

class Lines extends LineReceiver implements Received {
  override delimiter = "\n";
  count = 0;
  length = 0;

  override lineReceived(line: Uint8Array): void {
    this.count++;
    this.length += line.length;
  }
}

class Netstrings extends NetstringReceiver implements Received {
  count = 0;
  length = 0;

  override stringReceived(string: Uint8Array): void {
    this.count++;
    this.length += string.length;
  }
}

class Int32Strings extends Int32StringReceiver implements Received {
  count = 0;
  length = 0;

  override stringReceived(string: Uint8Array): void {
    this.count++;
    this.length += string.length;
  }
}

function contender(format: Format, make: () => IProtocol & Received): FrameReceiver {
  return {
    name: OURS,
    format,
    receive(chunks): Received {
      const { protocol } = connectProtocol(make());
      for (const chunk of chunks) protocol.dataReceived(chunk);
      return protocol;
    },
  };
}

export const TORSION: readonly FrameReceiver[] = [
  contender("lines as text", () => new TextLines()),
  contender("lines as bytes", () => new Lines()),
  contender("netstrings", () => new Netstrings()),
  contender("Int32 strings", () => new Int32Strings()),
];
