package till

import (
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	paymentv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/payment/v1"
	relayv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/relay/v1"
	terminalv1 "github.com/cardlane/cardlane/clients/go/gen/cardlane/terminal/v1"
	"github.com/cardlane/cardlane/clients/go/payment"
)

// Exit codes: what scripts read from a command's end.
const (
	Approved = 0
	// Failed: the question itself was not answered, or nothing happened.
	Failed   = 1
	Declined = 2
	// Unknown is not a decline: hand over nothing, ask again.
	Unknown = 3
)

// ExitCode of what is known about a payment. Undone payments count as declined: nothing is charged.
func ExitCode(certainty paymentv1.Certainty, state paymentv1.PaymentState) int {
	switch {
	case certainty != paymentv1.Certainty_CERTAINTY_FINAL:
		return Unknown
	case state == paymentv1.PaymentState_PAYMENT_STATE_UNSPECIFIED:
		return Failed
	case state == paymentv1.PaymentState_PAYMENT_STATE_APPROVED,
		state == paymentv1.PaymentState_PAYMENT_STATE_AUTHORIZED,
		state == paymentv1.PaymentState_PAYMENT_STATE_CAPTURED:
		return Approved
	default:
		return Declined
	}
}

// ShowReport prints the end of a payment.
func ShowReport(out io.Writer, report *terminalv1.PaymentReport) {
	lines := [][2]string{
		{"payment", report.PaymentId},
		{"record number", Grouped(report.RecordNumber)},
		{"state", words(report.State)},
		{"certainty", words(report.Certainty)},
		{"next step", words(report.NextStep)},
		{"reader shows", words(report.Shown)},
	}
	if result := report.Result; result != nil {
		approved := "" // A payment that was made impossible before it came has no currency.
		if result.Currency != 0 {
			approved = payment.CurrencyByNumber(result.Currency).Format(result.ApprovedAmountMinor)
		}
		lines = append(lines,
			[2]string{"outcome", words(result.Outcome)},
			[2]string{"response code", result.ResponseCode},
			[2]string{"approval code", result.ApprovalCode},
			[2]string{"approved", approved},
			[2]string{"simulated", result.SimulatedBecause})
		if result.BalanceMinor != nil {
			lines = append(lines, [2]string{"balance", fmt.Sprintf("%d minor units", *result.BalanceMinor)})
		}
	}
	if receipt := report.Receipt; receipt != nil {
		lines = append(lines, [2]string{"card", receipt.Scheme + " " + receipt.MaskedPan})
	}
	if fault := report.Fault; fault != nil {
		lines = append(lines, [2]string{"fault", fault.Code + ": " + fault.Message})
	}
	show(out, append(lines, [2]string{"trace", report.TraceId}))
	if report.Certainty != paymentv1.Certainty_CERTAINTY_FINAL {
		fmt.Fprintln(out, "Nobody knows yet. It is not a decline: hand over nothing, ask again.")
	}
}

// ShowRecord prints a relay's record.
func ShowRecord(out io.Writer, record *relayv1.PaymentRecord) {
	amount := "" // A payment that was cancelled before the relay saw it has none.
	if record.Currency != 0 {
		amount = payment.CurrencyByNumber(record.Currency).Format(record.Amounts.GetTotalMinor())
	}
	lines := [][2]string{
		{"record number", Grouped(record.RecordNumber)},
		{"payment", record.PaymentId},
		{"kind", words(record.Kind)},
		{"amount", amount},
		{"state", words(record.State)},
		{"certainty", words(record.Certainty)},
		{"next step", words(record.NextStep)},
		{"response code", record.ResponseCode},
		{"approval code", record.ApprovalCode},
		{"reference", record.RetrievalReference},
		{"card", masked(record)},
		{"terminal", record.TerminalId},
		{"reader", record.ReaderSerial},
		{"trace", record.TraceId},
	}
	for _, event := range record.History {
		lines = append(lines, [2]string{when(event.AtMs), words(event.State)})
	}
	show(out, lines)
}

// ShowChange prints one line for a change of a record.
func ShowChange(out io.Writer, change *relayv1.WatchPaymentsResponse) {
	record := change.Payment
	currency := payment.CurrencyByNumber(record.GetCurrency())
	fmt.Fprintf(out, "%d  %s  %s  %-10s  %s\n", change.Sequence, when(change.ChangedAtMs),
		Grouped(record.GetRecordNumber()), words(change.State),
		currency.Format(record.GetAmounts().GetTotalMinor()))
}

// Grouped puts a record number into groups that can be read out.
func Grouped(recordNumber string) string {
	if len(recordNumber) != 12 {
		return recordNumber
	}
	return strings.Join([]string{recordNumber[:4], recordNumber[4:8], recordNumber[8:]}, "-")
}

func masked(record *relayv1.PaymentRecord) string {
	if record.LastFour == "" {
		return ""
	}
	return record.Scheme + " ****" + record.LastFour
}

// show prints the lines that have a value.
func show(out io.Writer, lines [][2]string) {
	for _, line := range lines {
		if strings.TrimSpace(line[1]) != "" {
			fmt.Fprintf(out, "%-13s %s\n", line[0], line[1])
		}
	}
}

func when(ms int64) string { return time.UnixMilli(ms).Format(time.DateTime) }

// words turns an enum's name into words: PAYMENT_STATE_APPROVED is "approved". The value for
// "unspecified" is empty.
func words(value protoreflect.Enum) string {
	if value.Number() == 0 {
		return ""
	}
	values := value.Descriptor().Values()
	name := values.ByNumber(value.Number())
	if name == nil {
		return fmt.Sprintf("%d", value.Number())
	}
	// All names begin with that of the zero value, up to UNSPECIFIED.
	prefix := strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED")
	text := strings.TrimPrefix(string(name.Name()), prefix)
	return strings.ToLower(strings.ReplaceAll(text, "_", " "))
}

// ShowCompleted prints what became of a payment at a relay.
func ShowCompleted(out io.Writer, completed *relayv1.Completed) {
	lines := [][2]string{
		{"record number", Grouped(completed.GetRecordNumber())},
		{"state", words(completed.GetState())},
		{"certainty", words(completed.GetCertainty())},
		{"next step", words(completed.GetNextStep())},
	}
	if fault := completed.GetFault(); fault != nil {
		lines = append(lines, [2]string{"fault", fault.Code + ": " + fault.Message})
	}
	show(out, lines)
}
