/**
 * The hooks of AMP: responders, locators, types of arguments, boxes and their receivers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  AMP,
  AmpBox,
  Argument,
  BinaryBoxProtocol,
  Command,
  CommandLocator,
  type IBoxReceiver,
  optional,
} from "../../protocol/amp/mod.ts";
import { connectProtocol } from "../fixtures/protocol_fixture.ts";
import type { Case, Hook } from "./hook.ts";

/** The name of the hook in the log, if it is called for a command of the peer. */
const RESPONDING = 'Error while responding to "Sum"';

/** A type of arguments whose methods may be replaced. */
class Plain extends Argument<string> {
  override encode(): Uint8Array {
    return new Uint8Array(1);
  }

  override decode(): string {
    return "decoded";
  }
}

/** Sends a call of Sum to a protocol, and closes the connection. */
async function receiveCall(protocol: AMP, contents: Record<string, string> = {}): Promise<void> {
  using fixture = connectProtocol(protocol);
  fixture.peer.send(
    new TextDecoder().decode(
      new AmpBox({ _command: "Sum", _ask: "1", ...contents }).serialize(),
    ),
  );
  await fixture.settle();
  fixture.connection.abortConnection();
  await fixture.settle();
  assertEquals(fixture.connection.connected, false, "the connection is still open");
}

/** Calls a command whose argument has a method that fails. */
async function call(test: Case, method: "encode" | "toBox"): Promise<void> {
  const type = Object.assign(new Plain(), { [method]: test.act });
  const command = new Command("Sum", { arguments: { value: type } });
  await callRemote(test, (client) => client.callRemote(command, { value: "x" }));
}

/** Makes a call, and closes the connection. The caller receives what is thrown. */
async function callRemote(
  test: Case,
  f: (client: AMP) => { addErrback(errback: (error: Error) => void): unknown },
): Promise<void> {
  const client = new AMP();
  using fixture = connectProtocol(client);
  try {
    f(client).addErrback(() => {});
  } catch (error) {
    test.received(error);
  }
  await fixture.settle();
  fixture.connection.abortConnection();
  await fixture.settle();
}

/** Receives the arguments of a call, with a method that fails. */
function receiveArguments(test: Case, method: "fromBox"): Promise<void> {
  const type = Object.assign(new Plain(), { [method]: test.act });
  const command = new Command("Sum", { arguments: { value: optional(type) } });
  return receiveCall(new AMP().responder(command, () => {}), { value: "x" });
}

/** Receives an answer that cannot be decoded. The caller receives the error. */
async function receiveAnswer(test: Case): Promise<void> {
  const type = Object.assign(new Plain(), { decode: test.act });
  const client = new AMP();
  using fixture = connectProtocol(client);
  client.callRemote(new Command("Sum", { response: { value: type } })).addErrback(test.received);
  const answer = new AmpBox({ _answer: "1", value: "x" });
  fixture.peer.send(new TextDecoder().decode(answer.serialize()));
  await fixture.settle();
  fixture.connection.abortConnection();
  await fixture.settle();
}

/** A connection whose receiver of boxes has a method that fails. */
async function receiveBoxes(test: Case, method: keyof IBoxReceiver): Promise<void> {
  const receiver: IBoxReceiver = {
    startReceivingBoxes(): void {},
    ampBoxReceived(): void {},
    stopReceivingBoxes(): void {},
    [method]: test.act,
  };
  using fixture = connectProtocol(new BinaryBoxProtocol(receiver));
  fixture.peer.send(new TextDecoder().decode(new AmpBox({ a: "1" }).serialize()));
  await fixture.settle();
  const isLost = test.wrong.fails && method !== "stopReceivingBoxes";
  assertEquals(fixture.reason !== null, isLost, "the connection was lost, or was not");
  fixture.connection.abortConnection();
  await fixture.settle();
  assertEquals(fixture.connection.connected, false, "the connection is still open");
}

/** Returns a class of boxes whose constructor fails. */
function failingBox({ act, wrong }: Case): new () => AmpBox {
  return class extends AmpBox {
    constructor() {
      super();
      if (wrong.throws) act();
    }
  };
}

export const AMP_HOOKS: readonly Hook[] = [
  {
    name: "responder",
    calledBy: RESPONDING,
    documented: ["AMP.responder(f)", "CommandLocator.responder(f)"],
    run: ({ act }) => receiveCall(new AMP().responder(new Command("Sum"), act)),
    refuses: {
      option: "responder() f",
      give: (f) => new CommandLocator().responder(new Command("Sum"), f),
    },
  },
  {
    name: "locateResponder",
    calledBy: RESPONDING,
    documented: ["IResponderLocator.locateResponder", "AMP.locateResponder"],
    answers: true,
    run: ({ act }) => receiveCall(new AMP({ locator: { locateResponder: act } })),
  },
  {
    name: "encode",
    documented: ["Argument.encode"],
    reports: "caller",
    answers: true,
    run: (test) => call(test, "encode"),
  },
  {
    name: "toBox",
    documented: ["Argument.toBox"],
    reports: "either",
    run: (test) => call(test, "toBox"),
  },
  {
    name: "decode",
    documented: ["Argument.decode"],
    reports: "caller",
    answers: true,
    run: receiveAnswer,
  },
  {
    name: "fromBox",
    calledBy: RESPONDING,
    documented: ["Argument.fromBox"],
    run: (test) => receiveArguments(test, "fromBox"),
  },
  {
    name: "startReceivingBoxes",
    calledBy: "makeConnection",
    documented: ["IBoxReceiver.startReceivingBoxes", "AMP.startReceivingBoxes"],
    run: (test) => receiveBoxes(test, "startReceivingBoxes"),
  },
  {
    name: "ampBoxReceived",
    calledBy: "dataReceived",
    documented: ["IBoxReceiver.ampBoxReceived", "AMP.ampBoxReceived"],
    run: (test) => receiveBoxes(test, "ampBoxReceived"),
  },
  {
    name: "stopReceivingBoxes",
    calledBy: "connectionLost",
    documented: ["IBoxReceiver.stopReceivingBoxes", "AMP.stopReceivingBoxes"],
    run: (test) => receiveBoxes(test, "stopReceivingBoxes"),
  },
  {
    name: "sendTo",
    documented: ["AmpBox.sendTo"],
    reports: "either",
    run: (test) => {
      const commandType = class extends AmpBox {
        override sendTo = test.act;
      };
      const command = new Command("Sum", { commandType });
      return callRemote(test, (client) => client.callRemote(command));
    },
  },
  {
    name: "sendTo",
    where: "of an answer",
    calledBy: "Error in AMP that nothing has handled",
    documented: ["AmpBox.sendTo"],
    run: ({ act }) => {
      const responseType = class extends AmpBox {
        override sendTo = act;
      };
      const command = new Command("Sum", { responseType });
      return receiveCall(new AMP().responder(command, () => {}));
    },
  },
  {
    name: "commandType",
    documented: ["CommandDefinition.commandType"],
    reports: "caller",
    // `new` returns an object, whatever the constructor returns.
    ignores: ({ throws }) => !throws,
    run: (test) => {
      const command = new Command("Sum", { commandType: failingBox(test) });
      return callRemote(test, (client) => client.callRemote(command));
    },
  },
  {
    name: "responseType",
    calledBy: RESPONDING,
    documented: ["CommandDefinition.responseType"],
    ignores: ({ throws }) => !throws,
    run: (test) => {
      const command = new Command("Sum", { responseType: failingBox(test) });
      return receiveCall(new AMP().responder(command, () => {}));
    },
  },
];
