import { streamConformance } from "../../../testing/conformance/stream.ts";
import { tlsTransport } from "../../../testing/conformance/tls_transport.ts";
import { DenoReactor } from "./reactor.ts";

streamConformance(await tlsTransport("DenoReactor", () => new DenoReactor()));
