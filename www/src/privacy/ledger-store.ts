/** The name of the store with the ledger: one for all catalogues, because costs add up. */
export const LEDGER_STORE = "page-ledger";
