import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  assertNoResult,
  checkClean,
  connectedServerAndClient,
  failureResultOf,
  successResultOf,
  TestPeer,
} from "./mod.ts";

/** A peer whose other side is a peer, too. */
function peers(): { peer: TestPeer; other: TestPeer; flush: () => void } & Disposable {
  const pair = connectedServerAndClient(TestPeer, TestPeer);
  return {
    peer: pair.client,
    other: pair.server,
    flush: () => pair.pump.flush(),
    [Symbol.dispose]: () => pair[Symbol.dispose](),
  };
}

Deno.test(
  "TestPeer collects the chunks that it receives, until take() returns them",
  checkClean(() => {
    using pair = peers();
    const { peer, other, flush } = pair;
    for (const data of ["Grü", new Uint8Array([0xc3]), new Uint8Array([0x9f]), "e"]) {
      other.send(data);
      flush();
    }
    assertEquals([peer.text, peer.chunks.length, peer.data.length], ["Grüße", 4, 7]);
    assertEquals([peer.take(), peer.text, peer.chunks], ["Grüße", "", []]);
  }),
);

Deno.test(
  "TestPeer.pause() stops the delivery until resume()",
  checkClean(() => {
    using pair = peers();
    const { peer, other, flush } = pair;
    peer.pause();
    flush();
    for (const text of ["one", "two"]) {
      other.send(text);
      flush();
    }
    assertEquals(peer.text, "");
    peer.resume();
    flush();
    assertEquals(peer.text, "onetwo");
  }),
);

Deno.test(
  "TestPeer.ending reports how the peer has ended its side",
  checkClean(() => {
    for (
      const [end, ending] of [["closeWrite", "closed"], ["close", "closed"], [
        "abort",
        "ECONNRESET",
      ]] as const
    ) {
      using pair = peers();
      const { peer, other, flush } = pair;
      assertEquals(peer.ending, "");
      other[end]();
      flush();
      assertEquals([end, peer.ending], [end, ending]);
    }
  }),
);

Deno.test(
  "TestPeer keeps its side open when the peer closes, until close()",
  checkClean(() => {
    using pair = peers();
    const { peer, other, flush } = pair;
    other.closeWrite();
    flush();
    peer.send("answer");
    flush();
    assertEquals([other.text, peer.reason], ["answer", null]);
    peer.close();
    flush();
    assertEquals([peer.reason?.name, other.reason?.name], ["ConnectionDone", "ConnectionDone"]);
  }),
);

Deno.test(
  "TestPeer.ending reports how this side has closed the connection",
  checkClean(() => {
    for (const [end, ending] of [["close", "closed"], ["abort", "ConnectionAborted"]] as const) {
      using pair = peers();
      pair.peer[end]();
      pair.flush();
      assertEquals(pair.peer.ending, ending);
    }
  }),
);

Deno.test(
  "TestPeer.receives() fires when the text has arrived, in any number of chunks",
  checkClean(() => {
    using pair = peers();
    const { peer, other, flush } = pair;
    const received = peer.receives("welcome");
    for (const text of ["well, wel", "come", " back"]) {
      assertNoResult(received);
      other.send(text);
      flush();
      if (text === "come") break;
    }
    assertEquals(successResultOf(received), "well, welcome");
    assertEquals(successResultOf(peer.receives("well")), "well, welcome");
    peer.take();
    const again = peer.receives("well");
    again.addErrback(() => {});
    assertNoResult(again);
    again.cancel();
  }),
);

Deno.test(
  "TestPeer.receives() fails when the connection ends without the text",
  checkClean(() => {
    using pair = peers();
    const { peer, other, flush } = pair;
    const received = peer.receives("welcome");
    other.send("go away");
    other.close();
    flush();
    const message = 'Cannot receive "welcome": the connection has ended (closed) after "go away"';
    assertStringIncludes(failureResultOf(received).message, message);
    assertStringIncludes(failureResultOf(peer.receives("welcome")).message, message);
    assertEquals(successResultOf(peer.receives("away")), "go away");
  }),
);

Deno.test(
  "TestPeer.ended fires with the ending when the peer has ended its side",
  checkClean(() => {
    for (
      const [end, ending] of [
        [(other: TestPeer) => other.close(), "closed"],
        [(other: TestPeer) => other.closeWrite(), "closed"],
        [(other: TestPeer) => other.abort(), "ECONNRESET"],
      ] as const
    ) {
      using pair = peers();
      const { peer, other, flush } = pair;
      const { ended } = peer;
      assertNoResult(ended);
      end(other);
      flush();
      assertEquals([successResultOf(ended), successResultOf(peer.ended)], [ending, ending]);
    }
  }),
);
