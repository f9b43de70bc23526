/**
 * Each scenario finds a mutation of what it tests, within 200 seeds. Those of `planted_test.ts` are
 * found, too.
 */

import { assertMatch, assertRejects } from "@std/assert";
import { ForwardingProtocol, FrameReceiver, Heartbeat } from "../../../protocol/mod.ts";
import { Congestion } from "../../../protocol/http/congestion.ts";
import { TLSBoundary } from "../../../protocol/tls_boundary.ts";
import { WritableSide } from "../../../protocol/writable_side.ts";
import { DrainTimeout } from "../../../reactor/errors.ts";
import { AddressQueue } from "../../../reactor/names/address_queue.ts";
import { Connection } from "../../../reactor/stream/connection.ts";
import { ExplorationFailure, explore, type Scenario } from "../../simulation/mod.ts";
import * as chat from "../chat.ts";
import * as drain from "../drain.ts";
import * as happyEyeballs from "../happy_eyeballs.ts";
import * as http from "../http.ts";
import * as lineFraming from "../line_framing.ts";
import * as portForwarding from "../port_forwarding.ts";
import * as starttls from "../starttls.ts";
import * as streams from "../streams.ts";
import * as webSocket from "../websocket.ts";
import * as earlyReuse from "./early_reuse.ts";
import { patchClass } from "./patch_class.ts";

interface Mutation {
  readonly scenario: Scenario;
  /** The message of the violation. */
  readonly violation: RegExp;
  /** Plants the mutation; a scenario without it has its mutation already. */
  plant?(): Disposable;
}

const { abort } = Connection.prototype;
const { add } = AddressQueue.prototype;

const mutations: Readonly<Record<string, Mutation>> = {
  "chat: the room passes nothing on": {
    scenario: chat.scenario,
    violation: /was confirmed, and has not reached/,
    plant: () => patchClass(chat.Room.prototype, { say(): void {} }),
  },
  "drain: the deadline spares connections that are closing": {
    scenario: drain.scenario,
    violation: /aborted connections|has passed its deadline/,
    plant: () =>
      patchClass(Connection.prototype, {
        abort(reason): void {
          if (!(reason instanceof DrainTimeout && this.disconnecting)) abort.call(this, reason);
        },
      }),
  },
  "happy_eyeballs: only the first address of a family is used": {
    scenario: happyEyeballs.scenario,
    violation: /although an address works/,
    plant: () =>
      patchClass(AddressQueue.prototype, {
        add(family, addresses): void {
          add.call(this, family, [...addresses].slice(0, 1));
        },
      }),
  },
  "http: a response is not resumed when the client reads again": {
    scenario: http.scenario,
    violation: /a response stalls without a fault/,
    plant: () => patchClass(Congestion.prototype, { resumeProducing(): void {} }),
  },
  "keyed_request_queue: the id of an abandoned request is free": {
    scenario: earlyReuse.scenario,
    violation: /a request got the answer to another one|UnexpectedAnswer/,
  },
  "line_framing: resuming does not deliver the rest of a chunk": {
    scenario: lineFraming.scenario,
    violation: /lost lines/,
    plant: () =>
      patchClass(FrameReceiver.prototype, {
        resumeProducing(): void {
          this.paused = false;
          this.transport.resumeProducing();
        },
      }),
  },
  "port_forwarding: a half-close closes the other connection": {
    scenario: portForwarding.scenario,
    violation: /has ended after/,
    plant: () =>
      patchClass(ForwardingProtocol.prototype, {
        readConnectionLost(): void {
          const transport = this.peer?.transport;
          transport?.unregisterProducer();
          transport?.loseConnection();
        },
      }),
  },
  "starttls: plain text that arrived early is delivered over TLS": {
    scenario: starttls.scenario,
    violation: /executes INJECTED|a line in the handshake/,
    plant: () => patchClass(TLSBoundary.prototype, { allows: () => true }),
  },
  "streams: a write is not resumed": {
    scenario: streams.scenario,
    violation: /is incomplete|all sessions have ended/,
    plant: () => patchClass(WritableSide.prototype, { resumeProducing(): void {} }),
  },
  "websocket: bytes from the peer are no sign of life": {
    scenario: webSocket.scenario,
    violation: /a peer that lives is taken for dead/,
    plant: () => patchClass(Heartbeat.prototype, { alive(): void {} }),
  },
};

for (const [name, { scenario, violation, plant }] of Object.entries(mutations)) {
  Deno.test(`explore() finds a mutation of ${name}`, async () => {
    using _ = plant?.() ?? null;
    const error = await assertRejects(
      () => explore({ scenario, seeds: 200, shrink: false }),
      ExplorationFailure,
    );
    assertMatch(error.exploration.failures[0]?.violation.message ?? "", violation);
  });
}
