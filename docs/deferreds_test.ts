import { testPrintedOutput } from "./printed_output.ts";

testPrintedOutput("deferreds.md", 8);
