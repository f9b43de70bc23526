/**
 * What `tables/resp.ts` compares: decoders of RESP that receive the same bytes in the same chunks.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Decoder as NodeRedisDecoder, RESP_TYPES } from "@redis/client/dist/lib/RESP/decoder.js";
import RedisParser from "redis-parser";
import { CommandDecoder, RESPDecoder } from "../../protocol/resp/mod.ts";
import { OURS, type Received, type Receiver } from "../receivers.ts";

/** Adds the strings of a value, which is a string, an array of strings, or a number. */
function add(decoded: Received, value: unknown): void {
  decoded.count++;
  if (Array.isArray(value)) { for (const part of value) decoded.length += part.length; }
  else if (value instanceof Uint8Array || typeof value === "string") decoded.length += value.length;
}

const REDIS_PARSER: Receiver = {
  name: "redis-parser",
  receive(chunks): Received {
    const decoded = { count: 0, length: 0 };
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: unknown) => add(decoded, reply),
      returnError: () => {},
    });
    for (const { buffer, byteOffset, length } of chunks) {
      parser.execute(Buffer.from(buffer, byteOffset, length));
    }
    return decoded;
  },
};

const NODE_REDIS: Receiver = {
  name: "@redis/client",
  receive(chunks): Received {
    const decoded = { count: 0, length: 0 };
    const decoder = new NodeRedisDecoder({
      onReply: (reply: unknown) => add(decoded, reply),
      onErrorReply: () => {},
      onPush: () => {},
      getTypeMapping: () => ({ [RESP_TYPES.BLOB_STRING]: Buffer }),
    });
    for (const { buffer, byteOffset, length } of chunks) {
      decoder.write(Buffer.from(buffer, byteOffset, length));
    }
    return decoded;
  },
};

/** The decoders of commands, that of this library first. */
export const COMMAND_DECODERS: readonly Receiver[] = [
  {
    name: OURS,
    receive(chunks): Received {
      const decoded = { count: 0, length: 0 };
      const decoder = new CommandDecoder();
      for (const chunk of chunks) {
        decoder.push(chunk);
        for (let command = decoder.next(); command !== null; command = decoder.next()) {
          decoded.count++;
          decoded.length += command.name.length;
          for (let i = 0; i < command.length; i++) decoded.length += command.bytes(i).length;
        }
      }
      return decoded;
    },
  },
  REDIS_PARSER,
  NODE_REDIS,
];

/** The decoders of replies, that of this library first. */
export const REPLY_DECODERS: readonly Receiver[] = [
  {
    name: OURS,
    receive(chunks): Received {
      const decoded = { count: 0, length: 0 };
      const decoder = new RESPDecoder();
      for (const chunk of chunks) {
        decoder.push(chunk);
        for (let message = decoder.next(); message !== null; message = decoder.next()) {
          add(decoded, message.value);
        }
      }
      return decoded;
    },
  },
  REDIS_PARSER,
  NODE_REDIS,
];
