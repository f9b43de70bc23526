/**
 * The decoders of RESP, with small limits, and a server that sends arguments back.
 *
 * @module
 */

import {
  CommandDecoder,
  CommandTable,
  RESPDecoder,
  RESPServerProtocol,
} from "../../protocol/resp/mod.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const COMMAND_LIMITS = { maxBulkLength: 12, maxArguments: 4, maxLength: 60, maxInlineLength: 20 };
const REPLY_LIMITS = {
  maxBulkLength: 12,
  maxLineLength: 20,
  maxLength: 80,
  maxElements: 8,
  maxDepth: 4,
};

const commands = new CommandTable({
  ECHO: { arity: -1, run: (command) => command.args() },
  NOW: { arity: 1, run: () => null },
});

const PARTS = ["\r\n", "\r", "\n", "$0\r\n\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*2\r\n", "*0\r\n"];

export const RESP_TARGETS: readonly FuzzTarget[] = [
  {
    name: "resp_command",
    sources: [
      "protocol/resp/command_decoder.ts",
      "protocol/framing/contiguous_decoder.ts",
      "protocol/resp/inline_words.ts",
      "protocol/resp/short_command.ts",
    ],
    // A command whose last byte is missing.
    maxBuffered: 59,
    tokens: [
      ...PARTS,
      "*1\r\n$4\r\nECHO\r\n",
      "*2\r\n$4\r\necho\r\n$1\r\na\r\n",
      "*1\r\n$3\r\nnow\r\n",
      "HELLO 3\r\n",
      "echo \"a\\x41\\n\" 'b\\''\r\n",
      '"',
      "'",
      "\\x",
      "QUIT\n",
    ],
    makeDecoder: () => new CommandDecoder(COMMAND_LIMITS),
    makeProtocol: () => new RESPServerProtocol(commands, COMMAND_LIMITS),
  },
  {
    name: "resp_reply",
    sources: [
      "protocol/resp/resp_decoder.ts",
      "protocol/resp/short_reply.ts",
      "protocol/resp/open_aggregate.ts",
      "protocol/resp/resp_numbers.ts",
    ],
    // A message whose last byte is missing.
    maxBuffered: 79,
    tokens: [
      ...PARTS,
      "+OK\r\n",
      "-ERR no\r\n",
      ":12\r\n",
      ":9223372036854775807\r\n",
      "_\r\n",
      "#t\r\n",
      ",1.5e3\r\n",
      ",inf\r\n",
      "(12345678901234567\r\n",
      "!5\r\nERR x\r\n",
      "=5\r\ntxt:a\r\n",
      "%1\r\n",
      "~2\r\n",
      ">1\r\n",
      "|1\r\n",
      "*?\r\n",
      "%?\r\n",
      ".\r\n",
      "$?\r\n",
      ";2\r\nab\r\n",
      ";0\r\n",
    ],
    makeDecoder: () => new RESPDecoder(REPLY_LIMITS),
  },
];
