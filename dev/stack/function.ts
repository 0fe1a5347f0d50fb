/**
 * Runs the function as an edge runtime would: an own process, with the shipped
 * entry point, an own environment, and no right but to reach the loopback.
 */

import "./listen.ts";
import "../../supabase/functions/behest-token/index.ts";
