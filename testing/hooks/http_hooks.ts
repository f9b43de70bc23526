/**
 * The hook of an HTTP server: its handler.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { HTTPFactory } from "../../protocol/http/mod.ts";
import { UNIXAddress } from "../../reactor/addresses.ts";
import { connectProtocol } from "../fixtures/protocol_fixture.ts";
import type { Hook } from "./hook.ts";

const PEER = new UNIXAddress("");

export const HTTP_HOOKS: readonly Hook[] = [
  {
    name: "Error while handling GET /",
    documented: ["new HTTPFactory(handler)", "new HTTPChannel(handler)"],
    run: async ({ act, wrong }) => {
      const factory = new HTTPFactory(act);
      using fixture = connectProtocol(factory.buildProtocol(PEER));
      fixture.peer.send("GET /?secret HTTP/1.1\r\nHost: a\r\n\r\n");
      await fixture.settle();
      assertEquals(fixture.peer.text.slice(0, 12), wrong.fails ? "HTTP/1.1 500" : "");
      fixture.connection.abortConnection();
      await fixture.settle();
    },
    refuses: { option: "handler", give: (handler) => new HTTPFactory(handler) },
  },
];
