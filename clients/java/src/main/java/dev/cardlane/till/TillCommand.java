package dev.cardlane.till;

import picocli.CommandLine.Command;

/** {@code cardlane till}: take a payment, ask for one, watch them all. */
@Command(
    name = "till",
    description = "Takes card payments through a cardlane terminal.",
    subcommands = {PayCommand.class, StatusCommand.class, QueryCommand.class, WatchCommand.class},
    footerHeading = "%nExit codes: approved 0, declined or undone 2, unknown 3, error 1%n%n",
    footer = {
      "Environment:",
      "  CARDLANE_TERMINAL  the terminal; 127.0.0.1:7402 when not set",
      "  CARDLANE_RELAY     the relay; 127.0.0.1:7403 when not set",
      "  CARDLANE_READER    the simulated reader that --card is put to; 127.0.0.1:7401",
      "  CARDLANE_TLS_DIR   folder with ca.pem, cert.pem and key.pem; plaintext when not set",
      "  TRACEPARENT        W3C trace context to pay in; a new trace when not set"
    })
public final class TillCommand {}
