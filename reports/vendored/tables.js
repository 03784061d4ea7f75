// DataTables, under the global name `tables`.
export { default as DataTable } from "datatables.net";
