/**
 * docs/stripe-webhook.ts as an edge runtime would run it: a process of its own, with the file as it
 * is written. It names no other host than Stripe's, so what it sends there goes to the double here.
 */
import "./stripe_elsewhere.ts";
import "../../dev/stack/listen.ts";
import "../../docs/stripe-webhook.ts";
