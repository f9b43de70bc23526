/**
 * The command `HELLO`, by which a client chooses the version of the protocol.
 *
 * @module
 */

import { checkInteger } from "../../internal/validation.ts";
import type { RESPCommand } from "./resp_command.ts";
import type { RESPOutput, RESPVersion } from "./resp_output.ts";
import { RESPError } from "./resp_value.ts";

/** The arguments of a `HELLO`. */
export interface HelloRequest {
  /** The version of the protocol; `null` to keep the current one. */
  readonly version: RESPVersion | null;
  /** The name and the password; `null` if the client does not log in. */
  readonly credentials: { readonly user: string; readonly password: string } | null;
  /** The name of the connection; `null` if the client does not set it. */
  readonly name: string | null;
}

/**
 * The reply to a `HELLO` that is accepted. The version of the protocol changes when it is sent, and
 * not before: the replies to earlier commands still have the old version.
 *
 * The built-in `HELLO` returns it, and so does a command of a {@linkcode CommandTable} that
 * replaces it.
 *
 * @example A server whose `HELLO` has a reply of its own
 * ```ts
 * import { CommandTable, HelloReply, parseHello } from "@torsion/reactor/resp";
 *
 * const table = new CommandTable({
 *   HELLO: {
 *     arity: -1,
 *     run: (command) => new HelloReply(parseHello(command).version, new Map([["shard", 7]])),
 *   },
 * });
 * console.log(table.get("HELLO")?.arity);
 * ```
 */
export class HelloReply {
  /** The version of this and all later replies; `null` to keep the current one. */
  readonly version: RESPVersion | null;
  /** The value that is sent; `undefined` for the description of the server. */
  readonly value: RESPOutput | undefined;

  /**
   * Creates a reply.
   *
   * @param version The version of this and all later replies; `null` to keep the current one.
   * @param value The value to send, in that version. By default it is what the built-in `HELLO`
   *   sends: the option `info` of the server, the version of the protocol, and the number of the
   *   connection.
   * @throws {RangeError} when the version is neither 2, 3 nor `null`.
   */
  constructor(version: RESPVersion | null, value?: RESPOutput) {
    if (version !== null) checkInteger("HelloReply() version", version, 2, 3);
    this.version = version;
    this.value = value;
  }
}

/** The description of a server in the reply to `HELLO`. */
export interface ServerInfo {
  /** The name of the server. */
  readonly server: string;
  /** Its version. */
  readonly version: string;
}

/**
 * Reads the arguments of `HELLO`, for a command of a {@linkcode CommandTable} that replaces it.
 *
 * @param command The command.
 * @returns The version, the credentials, which are not checked, and the name of the connection.
 * @throws {RESPError} when they are not valid, in the words of Redis.
 */
export function parseHello(command: RESPCommand): HelloRequest {
  let credentials: HelloRequest["credentials"] = null;
  let name: string | null = null;
  const version = command.length === 0 ? null : versionOf(command.text(0));
  for (let i = 1; i < command.length;) {
    const option = command.text(i).toUpperCase();
    if (option === "AUTH" && i + 2 < command.length) {
      credentials = { user: command.text(i + 1), password: command.text(i + 2) };
      i += 3;
    } else if (option === "SETNAME" && i + 1 < command.length) {
      name = checkedName(command.text(i + 1));
      i += 2;
    } else {
      throw new RESPError("ERR", `Syntax error in HELLO option '${command.text(i)}'`);
    }
  }
  return { version, credentials, name };
}

/** Returns the reply to `HELLO`. */
export function helloReply(info: ServerInfo, version: RESPVersion, id: number): RESPOutput {
  return new Map<string, RESPOutput>([
    ["server", info.server],
    ["version", info.version],
    ["proto", version],
    ["id", id],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
  ]);
}

function versionOf(text: string): RESPVersion {
  if (text === "2") return 2;
  if (text === "3") return 3;
  if (/^-?[0-9]{1,18}$/.test(text)) {
    throw new RESPError("NOPROTO", "unsupported protocol version");
  }
  throw new RESPError("ERR", "Protocol version is not an integer or out of range");
}

function checkedName(name: string): string {
  if (/^[!-~]*$/.test(name)) return name;
  throw new RESPError(
    "ERR",
    "Client names cannot contain spaces, newlines or special characters.",
  );
}
