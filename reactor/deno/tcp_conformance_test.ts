import { tcpConformance } from "../conformance/tcp.ts";
import { DenoReactor } from "./reactor.ts";

tcpConformance("DenoReactor", () => new DenoReactor());
