// What page.js uses of Vega, under the global name `charts`. The interpreter runs a chart's expressions without `eval`.
export { View, Warn, parse } from "vega";
export { compile } from "vega-lite";
export { expressionInterpreter } from "vega-interpreter";
export { Handler } from "vega-tooltip";
