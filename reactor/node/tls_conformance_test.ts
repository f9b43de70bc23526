/** All that TLS does, on `node:net`. */

import { NodeSocketReactor } from "../conformance/node_socket_reactor.ts";
import { streamConformance } from "../conformance/stream.ts";
import { tlsKind } from "../conformance/tls_kind.ts";

streamConformance(await tlsKind("node:net", () => new NodeSocketReactor()));
