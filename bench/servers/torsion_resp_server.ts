/**
 * A server of PING, SET and GET on this library.
 *
 * Usage: `deno run -A bench/servers/torsion_resp_server.ts PORT REACTOR`
 *
 * @module
 */

import { CommandTable, OK, RESPFactory, SimpleString } from "../../protocol/resp/mod.ts";
import { reactorOf } from "../host_reactors.ts";

const store = new Map<string, Uint8Array>();
const PONG = new SimpleString("PONG");

const commands = new CommandTable({
  PING: { arity: -1, run: () => PONG },
  SET: {
    arity: 3,
    run: (command) => {
      store.set(command.text(0), command.copy(1));
      return OK;
    },
  },
  GET: { arity: 2, run: (command) => store.get(command.text(0)) ?? null },
  CONFIG: { arity: -2, run: () => [] },
});

const [number, name] = Deno.args;
const reactor = reactorOf(name);
const port = reactor.listenTCP(Number(number), new RESPFactory(commands));
reactor.callWhenRunning(() => console.log(`listening on ${port.getHost().port}`));
await reactor.run();
