/** All that TCP does, on `node:net`. */

import { NodeSocketReactor } from "../conformance/node_socket_reactor.ts";
import { overloadTests } from "../conformance/overload.ts";
import { tcpConformance } from "../conformance/tcp.ts";

tcpConformance("node:net", () => new NodeSocketReactor(), { abortSeenAs: /^ECONNRESET$/ });
overloadTests(
  "NodeSocketReactor",
  new URL("../conformance/node_socket_reactor.ts", import.meta.url).href,
);
