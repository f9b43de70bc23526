/**
 * FrameReceiver, with netstrings. What it shares with line receivers is tested in
 * `line_receiver_test.ts`, and the boundary of TLS in `starttls_test.ts`.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { ConnectionAborted } from "../../reactor/errors.ts";
import {
  FrameReceiver,
  type FramingError,
  Int32StringReceiver,
  LineOnlyReceiver,
  NetstringDecoder,
  NetstringReceiver,
  type ProtocolState,
  StatefulProtocol,
} from "../mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

class OneByteStates extends StatefulProtocol {
  override getInitialState(): ProtocolState {
    return [() => {}, 1];
  }
}

class Frames extends FrameReceiver<Uint8Array> {
  protected override readonly decoder = new NetstringDecoder({ maxLength: 10 });
  readonly events: string[] = [];

  override frameReceived(frame: Uint8Array): void {
    this.events.push(text(frame));
    if (text(frame) === "pause") this.pauseProducing();
    if (text(frame) === "stop") this.stopProducing();
  }
}

Deno.test("FrameReceiver holds back frames while it is paused", () => {
  using fixture = connectProtocol(new Frames());
  fixture.peer.send("1:a,5:pause,1:b,1:c,");
  fixture.flush();
  assertEquals(fixture.protocol.events, ["a", "pause"]);
  assert(fixture.protocol.paused);
  fixture.protocol.resumeProducing();
  assertEquals(fixture.protocol.events, ["a", "pause", "b", "c"]);
});

Deno.test("FrameReceiver.stopProducing() passes on no further frame, and closes", () => {
  using fixture = connectProtocol(new Frames());
  fixture.peer.send("4:stop,1:b,");
  fixture.flush();
  assertEquals(fixture.protocol.events, ["stop"]);
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("FrameReceiver.decodingFailed() closes the connection by default", () => {
  using fixture = connectProtocol(new Frames());
  fixture.peer.send("1:a,x1:b,");
  fixture.flush();
  assertEquals(fixture.protocol.events, ["a"]);
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("FrameReceiver.decodingFailed() may remove the bytes and continue", () => {
  class Lenient extends Frames {
    override decodingFailed(error: FramingError): void {
      this.events.push(`${error.name} at ${error.offset}`);
      const rest = this.takeRest();
      this.dataReceived(rest.subarray(1));
    }
  }
  using fixture = connectProtocol(new Lenient());
  fixture.protocol.dataReceived(bytes("1:a,xy1:b,"));
  assertEquals(fixture.protocol.events, [
    "a",
    "NetstringParseError at 4",
    "NetstringParseError at 10",
    "b",
  ]);
  assert(!fixture.connection.disconnecting);
});

Deno.test("FrameReceiver aborts the connection if decodingFailed() leaves the bytes", () => {
  const seen: FramingError[] = [];
  class Passive extends Frames {
    override decodingFailed(error: FramingError): void {
      seen.push(error);
    }
  }
  using fixture = connectProtocol(new Passive());
  fixture.peer.send("x");
  fixture.flush();
  assertEquals(seen.length, 1);
  assert(fixture.reason instanceof ConnectionAborted);
  assertStrictEquals(fixture.reason.cause, seen[0]);
});

Deno.test("FrameReceiver loses the connection if a method throws, and logs the error", async () => {
  using errors = new LoggedErrors();
  class Failing extends Frames {
    override frameReceived(frame: Uint8Array): void {
      throw new RangeError(text(frame));
    }
  }
  class FailingLater extends Frames {
    override async frameReceived(frame: Uint8Array): Promise<void> {
      await null;
      throw new RangeError(text(frame));
    }
  }
  class FailingTwice extends Frames {
    override async decodingFailed(): Promise<void> {
      await null;
      throw new RangeError("x");
    }
  }
  for (const protocol of [new Failing(), new FailingLater(), new FailingTwice()]) {
    using fixture = connectProtocol(protocol);
    fixture.peer.send(protocol instanceof FailingTwice ? "x" : "1:x,");
    await fixture.settle();
    assert(fixture.reason !== null);
    const [error] = errors.take();
    assertEquals(String(error), "RangeError: x");
  }
});

Deno.test("FrameReceiver.takeRest() returns the bytes of an incomplete frame", () => {
  using fixture = connectProtocol(new Frames());
  fixture.protocol.dataReceived(bytes("1:a,3:b"));
  assertEquals(text(fixture.protocol.takeRest()), "3:b");
  fixture.protocol.dataReceived(bytes("1:c,"));
  assertEquals(fixture.protocol.events, ["a", "c"]);
});

for (
  const Receiver of [LineOnlyReceiver, NetstringReceiver, Int32StringReceiver, OneByteStates]
) {
  Deno.test(`${Receiver.name} loses the connection if MAX_LENGTH is not a limit`, () => {
    using errors = new LoggedErrors();
    const protocol = new Receiver();
    protocol.MAX_LENGTH = NaN;
    using fixture = connectProtocol(protocol);
    fixture.peer.send("1");
    fixture.flush();
    const [error] = errors.take(RangeError);
    assert(error?.message.includes(`MAX_LENGTH of ${Receiver.name} must be`), error?.message);
    assertStrictEquals(fixture.reason, error);
  });
}
