/**
 * The hooks of HTTP servers: their handlers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { HTTPService } from "../../endpoints/mod.ts";
import { HTTPFactory } from "../../protocol/http/mod.ts";
import { UNIXAddress } from "../../reactor/addresses.ts";
import { Clock } from "../../task/mod.ts";
import { connectProtocol } from "../fixtures/protocol_fixture.ts";
import { type Hook, hostTurn } from "./hook.ts";

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
  {
    name: "Error while handling GET /",
    where: "of HTTPService",
    documented: ["new HTTPService(handler)"],
    run: async ({ act, wrong }) => {
      const clock = new Clock();
      const options = { port: 0, interface: "127.0.0.1", drain: wrong.fails ? Infinity : 0 };
      const service = new HTTPService(clock, act, options);
      service.startService();
      const answered = fetch(`http://${service.getHost()}/?secret`);
      if (wrong.fails) {
        const response = await answered;
        assertEquals([response.status, await response.text()], [500, "Internal Server Error\n"]);
        return await service.stopService();
      }
      while (service.pending === 0) await hostTurn();
      const stopped = service.stopService();
      clock.advance(0);
      assertEquals([(await answered).status, await (await answered).text()], [
        503,
        "Service Unavailable\n",
      ]);
      await stopped;
    },
    refuses: {
      option: "handler",
      give: (handler) => new HTTPService(new Clock(), handler),
    },
  },
];
