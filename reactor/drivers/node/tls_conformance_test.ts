/** Runs the conformance suite of TLS on `node:net`. */

import { NodeSocketReactor } from "../../../testing/fixtures/node_socket_reactor.ts";
import { streamConformance } from "../../../testing/conformance/stream.ts";
import { tlsTransport } from "../../../testing/conformance/tls_transport.ts";

streamConformance(await tlsTransport("node:net", () => new NodeSocketReactor()));
