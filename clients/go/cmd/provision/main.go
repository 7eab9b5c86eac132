// Provision opens a second counter in a development mesh: a new reader and a new terminal, each with
// its own keys and certificate, made known to relay and processor through their registry services.
//
//	provision -mesh ../../.cardlane -out .counter
//	provision -mesh ../../.cardlane -processor 127.0.0.1:7414 -mesh-devices
//
// The second form makes the mesh's own relay, terminal and reader known to another processor. Both
// need the roots of the mesh, which only a development mesh keeps on the same machine.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/cardlane/cardlane/clients/go/internal/provision"
	"github.com/cardlane/cardlane/clients/go/mesh"
)

func main() {
	var c provision.Counter
	flag.StringVar(&c.Mesh, "mesh", "../../.cardlane", "data folder of a mesh that `npm start` runs")
	flag.StringVar(&c.Out, "out", ".counter", "folder to make: keys/reader and keys/terminal")
	flag.StringVar(&c.Serial, "serial", "GO-0001", "serial number of the new reader")
	flag.StringVar(&c.TerminalID, "terminal", "GOTILL01", "id of the new terminal")
	flag.BoolVar(&c.IsSimulating, "simulate", false, "amounts that end in a response code give it")
	flag.StringVar(&c.Relay, "relay", "127.0.0.1:7403", "address of the relay")
	flag.StringVar(&c.Processor, "processor", "127.0.0.1:7404", "address of the processor")
	isIntroduction := flag.Bool("mesh-devices", false, "make the mesh's own devices known instead")
	flag.Parse()
	if *isIntroduction {
		exit(c.Introduce(), "relay, terminal and reader of %s are registered at %s", c.Mesh, c.Processor)
	}
	exit(c.Open(), "reader %s and terminal %s are in %s and registered", c.Serial, c.TerminalID, c.Out)
}

func exit(err error, done string, facts ...any) {
	if err != nil {
		fmt.Fprintln(os.Stderr, mesh.Explain(err))
		os.Exit(1)
	}
	fmt.Printf(done+"\n", facts...)
	os.Exit(0)
}
