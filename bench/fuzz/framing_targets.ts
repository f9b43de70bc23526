/**
 * The framings of `protocol/framing/`, with small limits.
 *
 * @module
 */

import {
  Int32StringReceiver,
  IntNStringReceiver,
  IntStringDecoder,
  LineDecoder,
  LineReceiver,
  NetstringDecoder,
  NetstringReceiver,
  TextLineDecoder,
} from "../../protocol/mod.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

class Lines extends LineReceiver {
  override MAX_LENGTH = 16;

  override lineReceived(line: Uint8Array): void {
    if (line.length === 1) this.setRawMode();
  }

  override rawDataReceived(data: Uint8Array): void {
    this.setLineMode(data.subarray(1));
  }

  override lineLengthExceeded(line: Uint8Array): void {
    if (line[0] === 0x78) super.lineLengthExceeded(line);
  }
}

class Netstrings extends NetstringReceiver {
  override MAX_LENGTH = 40;

  override stringReceived(string: Uint8Array): void {
    this.sendString(string);
  }
}

class Strings extends Int32StringReceiver {
  override MAX_LENGTH = 40;

  override stringReceived(string: Uint8Array): void {
    this.sendString(string);
  }
}

/** Strings that continue after one that was too long. */
class Packets extends IntNStringReceiver {
  override readonly prefixLength = 2;
  override readonly littleEndian = true;
  override MAX_LENGTH = 20;

  override stringReceived(): void {}

  override lengthLimitExceeded(): void {}
}

export const FRAMING_TARGETS: readonly FuzzTarget[] = [
  {
    name: "line",
    sources: ["protocol/framing/line_decoder.ts", "protocol/framing/receive_buffer.ts"],
    maxBuffered: 17,
    tokens: ["\r\n", "\r", "\n", "hello\r\n", "x".repeat(16), "x".repeat(17)],
    makeDecoder: () => new LineDecoder({ maxLength: 16 }),
    makeProtocol: () => new Lines(),
  },
  {
    name: "text_line",
    sources: ["protocol/framing/text_line_decoder.ts", "protocol/framing/lines_ahead.ts"],
    maxBuffered: 18,
    tokens: ["aab", "aa", "ab", "b", "cccc", "c".repeat(16), "é", "aé€aab"],
    makeDecoder: () =>
      new TextLineDecoder({ delimiter: "aab", maxLength: 16, allowUnterminated: true }),
  },
  {
    name: "netstring",
    sources: ["protocol/framing/netstring_decoder.ts", "protocol/framing/buffered_decoder.ts"],
    maxBuffered: 43,
    tokens: ["0:,", "5:hello,", "12:", ":", ",", "40:", "41:", "0", "99999999999999999999:"],
    makeDecoder: () => new NetstringDecoder({ maxLength: 40 }),
    makeProtocol: () => new Netstrings(),
  },
  {
    name: "int32_string",
    sources: ["protocol/framing/int_string_decoder.ts"],
    maxBuffered: 43,
    tokens: ["\0\0\0\0", "\0\0\0\x05hello", "\0\0\0\x28", "\0\0\0\x29", "\0\0\x01\0", "\0\0"],
    makeDecoder: () => new IntStringDecoder({ prefixLength: 4, maxLength: 40 }),
    makeProtocol: () => new Strings(),
  },
  {
    name: "int_string_skipping",
    sources: ["protocol/framing/int_string_decoder.ts"],
    maxBuffered: 21,
    tokens: ["\0\0", "\x05\0hello", "\x14\0", "\x15\0", "\0\x01", "\xff\0"],
    makeDecoder: () => new IntStringDecoder({ prefixLength: 2, littleEndian: true, maxLength: 20 }),
    recover(decoder): boolean {
      if (decoder instanceof IntStringDecoder) decoder.skip();
      return true;
    },
    makeProtocol: () => new Packets(),
  },
];
