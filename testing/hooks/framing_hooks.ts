/**
 * The hooks of the framings: receivers of frames, decoders of an application, file transfers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  BufferedDecoder,
  FileSender,
  type FileSource,
  type FrameDecoder,
  FrameReceiver,
  Int8StringReceiver,
  NetstringDecoder,
  NetstringReceiver,
  Protocol,
  type ProtocolState,
  StatefulProtocol,
  StatefulStringProtocol,
} from "../../protocol/mod.ts";
import { connectProtocol } from "../fixtures/protocol_fixture.ts";
import type { Case, Hook } from "./hook.ts";

/** A receiver of netstrings, or of the frames of another decoder. */
class Frames extends FrameReceiver<Uint8Array> {
  protected override readonly decoder: FrameDecoder<Uint8Array>;

  constructor(decoder: FrameDecoder<Uint8Array> = new NetstringDecoder()) {
    super();
    this.decoder = decoder;
  }

  override frameReceived(): void {}
}

class States extends StatefulProtocol {
  override getInitialState(): ProtocolState {
    return [(): void => {}, 1];
  }
}

class StringStates extends StatefulStringProtocol(NetstringReceiver) {}

/** Sends data to a protocol with methods that fail, and checks that the connection ends once. */
async function receive(
  { wrong }: Case,
  protocol: Protocol,
  methods: object,
  { data, answers = false }: { data: string; answers?: boolean },
): Promise<void> {
  let losses = 0;
  const connectionLost = (): void => void losses++;
  using fixture = connectProtocol(Object.assign(protocol, { connectionLost }, methods));
  fixture.peer.send(data);
  await fixture.settle();
  if (wrong.fails || answers) assertEquals(losses, 1, "the connection was not lost");
  fixture.connection.abortConnection();
  await fixture.settle();
  assertEquals(losses, 1, "connectionLost was not called exactly once");
  assertEquals(fixture.connection.connected, false, "the connection is still open");
}

/** Sends a file over a connection. */
async function send(
  test: Case,
  source: FileSource,
  transform?: (chunk: Uint8Array) => Uint8Array,
): Promise<void> {
  using fixture = connectProtocol(new Protocol());
  let isEnding = false;
  new FileSender().beginFileTransfer(source, fixture.connection, transform)
    .addErrback((error) => isEnding || test.received(error));
  await fixture.settle();
  isEnding = true;
  fixture.connection.abortConnection();
  await fixture.settle();
  assertEquals(fixture.connection.connected, false, "the connection is still open");
}

/**
 * A row for a method of a decoder. Only what it throws is an error: decoders are synchronous, and
 * what they return is a frame, or nothing.
 */
function decoderHook(
  name: string,
  documented: string,
  make: (fail: () => void) => FrameDecoder<Uint8Array>,
): Hook {
  return {
    name,
    where: "of a decoder",
    calledBy: "dataReceived",
    documented: [documented],
    ignores: ({ throws }) => !throws,
    run: (test) => {
      const fail = (): void => {
        if (test.wrong.throws) test.act();
      };
      const wrong = { ...test.wrong, fails: test.wrong.throws };
      return receive({ ...test, wrong }, new Frames(make(fail)), {}, { data: "1:a," });
    },
  };
}

/** A decoder of an application, without a base class. */
class Discarding implements FrameDecoder<Uint8Array> {
  readonly buffered = 1;

  push(): void {}

  next(): null {
    return null;
  }

  finish(): void {}

  takeRest(): Uint8Array {
    return new Uint8Array(0);
  }
}

export const FRAMING_HOOKS: readonly Hook[] = [
  {
    name: "frameReceived",
    calledBy: "dataReceived",
    documented: ["FrameReceiver.frameReceived"],
    run: (test) => receive(test, new Frames(), { frameReceived: test.act }, { data: "1:a,1:b," }),
  },
  {
    name: "decodingFailed",
    calledBy: "dataReceived",
    documented: ["FrameReceiver.decodingFailed"],
    run: (test) => receive(test, new Frames(), { decodingFailed: test.act }, { data: "x" }),
  },
  {
    name: "stringReceived",
    calledBy: "dataReceived",
    documented: ["StringReceiver.stringReceived"],
    run: (test) =>
      receive(test, new NetstringReceiver(), { stringReceived: test.act }, { data: "1:a," }),
  },
  {
    name: "lengthLimitExceeded",
    calledBy: "dataReceived",
    documented: ["IntNStringReceiver.lengthLimitExceeded"],
    run: (test) =>
      receive(test, new Int8StringReceiver(), {
        MAX_LENGTH: 1,
        lengthLimitExceeded: test.act,
      }, { data: "\x02ab" }),
  },
  {
    name: "getInitialState",
    calledBy: "makeConnection",
    documented: ["StatefulProtocol.getInitialState"],
    answers: true,
    run: (test) =>
      receive(test, new States(), { getInitialState: test.act }, { data: "a", answers: true }),
  },
  {
    name: "receive",
    where: "of a state",
    calledBy: "dataReceived",
    documented: [],
    answers: true,
    run: (test) =>
      receive(test, new States(), {
        getInitialState: (): ProtocolState => [test.act, 1],
      }, { data: "a", answers: true }),
  },
  {
    name: "proto_init",
    calledBy: "dataReceived",
    documented: [],
    answers: true,
    run: (test) =>
      receive(test, new StringStates(), { proto_init: test.act }, { data: "1:a,", answers: true }),
  },
  decoderHook("next", "FrameDecoder.next", (fail) =>
    Object.assign(new Discarding(), {
      next(): null {
        fail();
        return null;
      },
    })),
  decoderHook(
    "push",
    "FrameDecoder.push",
    (fail) => Object.assign(new Discarding(), { push: fail }),
  ),
  decoderHook(
    "decode",
    "BufferedDecoder.decode",
    (fail) =>
      new class extends BufferedDecoder<Uint8Array> {
        protected override readonly frameName = "frame";

        protected override decode(): Uint8Array | null {
          fail();
          return null;
        }
      }(),
  ),
  {
    name: "read",
    documented: ["FileReader.read"],
    reports: "caller",
    run: (test) => send(test, { read: test.act }),
    refuses: {
      option: "file",
      give: (read) => {
        using fixture = connectProtocol(new Protocol());
        return new FileSender().beginFileTransfer({ read }, fixture.connection);
      },
    },
  },
  {
    name: "transform",
    documented: ["FileSender.beginFileTransfer(transform)"],
    reports: "caller",
    answers: true,
    run: (test) => send(test, [new Uint8Array(1)], test.act),
    refuses: {
      option: "transform",
      give: (transform) => {
        using fixture = connectProtocol(new Protocol());
        return new FileSender().beginFileTransfer([], fixture.connection, transform);
      },
    },
  },
];
