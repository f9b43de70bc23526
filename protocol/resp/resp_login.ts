/**
 * The first commands on a connection: `HELLO` of RESP3, or the commands of RESP2 in its place.
 *
 * @module
 */

import { type Deferred, succeed } from "../../defer/mod.ts";
import type { CommandWords, RESPLogin } from "./resp_client_options.ts";
import type { RESPVersion } from "./resp_output.ts";
import { RESPError, respErrorOf } from "./resp_value.ts";

/** Sends a command, and returns its reply. */
export type SendCommand = (words: CommandWords) => Deferred<unknown>;

/** Returns whether {@linkcode logIn} sends anything. */
export function needsLogin({ version, password, database, clientName }: RESPLogin): boolean {
  return version === 3 || password !== undefined || database !== 0 || clientName !== undefined;
}

/**
 * Logs in.
 *
 * @param login The user, the password, the database and so on.
 * @param send Sends a command.
 * @returns A Deferred of the version of the protocol that the server has accepted. It fails with a
 *   `RESPError` without the password if the server refuses.
 */
export function logIn(login: RESPLogin, send: SendCommand): Deferred<RESPVersion> {
  const { version, database, password } = login;
  return (version === 3 ? greet(login, send) : logInRESP2(login, send))
    .addCallback((agreed) =>
      database === 0 ? agreed : send(["SELECT", database]).addCallback(() => agreed)
    )
    .addErrback((error) => {
      throw error instanceof RESPError ? withoutPassword(error, password) : error;
    });
}

/** Logs in with RESP3, or with RESP2 if the server does not know RESP3. */
function greet(login: RESPLogin, send: SendCommand): Deferred<RESPVersion> {
  const { username = "default", password, clientName } = login;
  const auth = password === undefined ? [] : ["AUTH", username, password];
  const name = clientName === undefined ? [] : ["SETNAME", clientName];
  return send(["HELLO", 3, ...auth, ...name]).addCallbacks(
    (): RESPVersion => 3,
    (error) => {
      if (!isUnknown(error)) throw error;
      return logInRESP2(login, send);
    },
  );
}

function logInRESP2(login: RESPLogin, send: SendCommand): Deferred<RESPVersion> {
  const { username, password, clientName } = login;
  const user = username === undefined ? [] : [username];
  const sent: Deferred<unknown> = password === undefined
    ? succeed(null)
    : send(["AUTH", ...user, password]);
  return sent
    .addCallback(() => clientName === undefined ? null : send(["CLIENT", "SETNAME", clientName]))
    .addCallback((): RESPVersion => 2);
}

/** Whether an error means that the server does not know RESP3, or not even HELLO. */
function isUnknown(error: unknown): boolean {
  return error instanceof RESPError && ["ERR", "NOPROTO"].includes(error.code);
}

/** Returns an error without the arguments of the command, which a server may have repeated. */
function withoutPassword(error: RESPError, password: string | undefined): RESPError {
  if (password === undefined || password === "") return error;
  const text = error.message.replace(/,? with args beginning with.*/s, "");
  return respErrorOf(text.replaceAll(password, "(password)"));
}
