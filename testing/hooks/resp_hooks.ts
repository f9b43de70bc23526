/**
 * The hooks of a RESP server: handlers of commands, logins, and methods of the protocol.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CommandTable, RESPServerProtocol } from "../../protocol/resp/mod.ts";
import { connectProtocol } from "../fixtures/protocol_fixture.ts";
import type { Case, Hook } from "./hook.ts";

/** The name of handlers in the log. */
const HANDLING = "Error while handling a command";

/** Sends a command, whose failure must neither reach the client nor close the connection. */
async function send({ wrong }: Case, command: string, protocol: RESPServerProtocol): Promise<void> {
  using fixture = connectProtocol(protocol);
  fixture.peer.send(`${command}\r\n`);
  await fixture.settle();
  assertEquals(fixture.peer.text, wrong.fails ? "-ERR internal error\r\n" : "");
  assertEquals(fixture.reason, null, "the connection was lost");
  fixture.connection.abortConnection();
  await fixture.settle();
}

/** Receives a command, or bytes that are none, with a method of the protocol that fails. */
async function receive(
  { act, wrong }: Case,
  method: "frameReceived" | "decodingFailed",
  text: string,
): Promise<void> {
  const protocol = Object.assign(new RESPServerProtocol(new CommandTable({})), { [method]: act });
  using fixture = connectProtocol(protocol);
  fixture.peer.send(text);
  await fixture.settle();
  if (wrong.fails) assertEquals(fixture.connection.connected, false, "the connection is open");
  fixture.connection.abortConnection();
  await fixture.settle();
}

export const RESP_HOOKS: readonly Hook[] = [
  {
    name: "run",
    where: "of a RESP command",
    calledBy: HANDLING,
    documented: ["CommandTableEntry.run"],
    run: (test) => {
      const commands = new CommandTable({ FAIL: { arity: 1, run: test.act } });
      return send(test, "FAIL", new RESPServerProtocol(commands));
    },
    refuses: {
      option: "run of FAIL",
      give: (run) => new CommandTable({ FAIL: { arity: 1, run } }),
    },
  },
  {
    name: "authenticate",
    where: "of a RESP server",
    calledBy: HANDLING,
    documented: ["RESPServerProtocol.authenticate"],
    run: (test) => {
      const protocol = new RESPServerProtocol(new CommandTable({}));
      return send(test, "HELLO 3 AUTH a b", Object.assign(protocol, { authenticate: test.act }));
    },
  },
  {
    name: "frameReceived",
    where: "of a RESP server",
    calledBy: "dataReceived",
    documented: ["RESPServerProtocol.frameReceived"],
    run: (test) => receive(test, "frameReceived", "PING\r\n"),
  },
  {
    name: "decodingFailed",
    where: "of a RESP server",
    calledBy: "dataReceived",
    documented: ["RESPServerProtocol.decodingFailed"],
    run: (test) => receive(test, "decodingFailed", "*x\r\n"),
  },
];
