// DenoReactor's child processes, held to the suite that every reactor's are held to.

import { processConformance } from "../../../testing/conformance/process.ts";
import { DenoReactor } from "./reactor.ts";

processConformance("DenoReactor", () => new DenoReactor());
