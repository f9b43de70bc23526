/**
 * Twisted has no tests of `StatefulStringProtocol` of its own; these follow its documentation and
 * its source.
 */

import { assert, assertEquals } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { addObserver, eventText } from "../../log/mod.ts";
import { Int8StringReceiver, NetstringReceiver, StatefulStringProtocol } from "../mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

class Poem extends StatefulStringProtocol(NetstringReceiver) {
  readonly events: string[] = [];

  proto_init(string: Uint8Array): string {
    this.events.push(`title ${text(string)}`);
    return "verse";
  }

  proto_verse(string: Uint8Array): string {
    this.events.push(`verse ${text(string)}`);
    return string.length === 0 ? "done" : "verse";
  }
}

Deno.test("StatefulStringProtocol() passes each string to the method of its state", () => {
  using fixture = connectProtocol(new Poem());
  assertEquals(fixture.protocol.state, "init");
  fixture.protocol.dataReceived(bytes("3:Owl,3:one,"));
  assertEquals(fixture.protocol.state, "verse");
  fixture.protocol.dataReceived(bytes("3:two,"));
  assertEquals(fixture.protocol.events, ["title Owl", "verse one", "verse two"]);
  assert(!fixture.connection.disconnecting);
});

Deno.test("StatefulStringProtocol() closes the connection in the state done", () => {
  using fixture = connectProtocol(new Poem());
  fixture.peer.send("3:Owl,0:,3:not,");
  fixture.flush();
  assertEquals(fixture.protocol.events, ["title Owl", "verse "]);
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("StatefulStringProtocol() logs a string that has no method, and keeps the state", () => {
  const logged: string[] = [];
  using _observing = addObserver((event) => logged.push(eventText(event)), { replay: false });
  using fixture = connectProtocol(new Poem());
  fixture.protocol.state = "prose";
  fixture.protocol.dataReceived(bytes("1:a,"));
  assertEquals(fixture.protocol.state, "prose");
  assertEquals(logged, ["Cannot deliver a received string: Poem has no method proto_prose()"]);
});

Deno.test("StatefulStringProtocol() closes the connection if a method returns no name", () => {
  using errors = new LoggedErrors();
  class Vague extends StatefulStringProtocol(Int8StringReceiver) {
    proto_init(): undefined {
      return undefined;
    }
  }
  using fixture = connectProtocol(new Vague());
  fixture.peer.send("\x01a");
  fixture.flush();
  assertEquals(fixture.reason?.message, "proto_init() must return a string, got undefined");
  assertEquals(errors.take(), [fixture.reason]);
});
