// Runs the conformance suite of child processes with DenoReactor.

import { processConformance } from "../../../testing/conformance/process.ts";
import { DenoReactor } from "./reactor.ts";

processConformance("DenoReactor", () => new DenoReactor());
