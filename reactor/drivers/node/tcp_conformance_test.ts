/** Runs the conformance suite of TCP on `node:net`. */

import { NodeSocketReactor } from "../../../testing/fixtures/node_socket_reactor.ts";
import { overloadTests } from "../../../testing/conformance/overload.ts";
import { tcpConformance } from "../../../testing/conformance/tcp.ts";

tcpConformance("node:net", () => new NodeSocketReactor(), { abortSeenAs: /^ECONNRESET$/ });
overloadTests(
  "NodeSocketReactor",
  new URL("../../../testing/fixtures/node_socket_reactor.ts", import.meta.url).href,
);
