# Makes the router 192.168.88.1 ready for fwknop-mikrotik. RouterOS 7.9 or later.

# It holds a password: import it, and remove it from the router.
#   /import file-name=router.rsc
#   /file/remove router.rsc
# It may be imported again. What is there already, it leaves as it is.
# `fwknop-mikrotik init --undo` prints the script that removes it all.

# It was written by the manual and never run on a router: read it before you import it.

# It is for IPv4. IPv6 has menus of its own, /ipv6/firewall/address-list and
# /ipv6/firewall/filter: a service that is to open to IPv6 addresses as well needs the
# same accept rule there. (fwknopd itself passes IPv4 addresses only.)

# Where strangers come from. Nothing has been changed yet.
:if ([:len [/interface/list/find where name="outside world"]] = 0) do={
  :error "no interface list is called outside world; hint: init --wan NAME takes the one of your router"
}

# A user that may use the API and write, but not read, from one address only. (With the policy
# `read` a knock could extend an entry that is still there; it could also read everything.)
:if ([:len [/user/group/find where name="fwknop-mikrotik"]] = 0) do={
  /user/group/add name=fwknop-mikrotik policy=write,api
}
:if ([:len [/user/find where name="fwknop-mikrotik"]] = 0) do={
  /user/add name=fwknop-mikrotik group=fwknop-mikrotik address=192.168.88.50/32 password="ppppppppppppppppppppppppppppppppppppppppppp" comment="fwknop-mikrotik: user"
} else={
  :put "user fwknop-mikrotik is there already and keeps its password. If that is not the one of"
  :put "mikrotik.toml, import what init --undo prints, and then this once more."
}

# The API over TLS, with a certificate of its own. api-ssl is left as it is where it has
# another certificate, or lets other addresses in.
:if ([:len [/certificate/find where name="fwknop-mikrotik"]] = 0) do={
  /certificate/add name=fwknop-mikrotik common-name=192.168.88.1 subject-alt-name=IP:192.168.88.1 days-valid=3650
}
:if ([:len ([/certificate/get [/certificate/find where name="fwknop-mikrotik"]]->"fingerprint")] = 0) do={
  /certificate/sign fwknop-mikrotik
  :delay 3s
}
# RouterOS 7.19 and later list connections as well, after the service; 7.24 and later call
# its address available-from.
{
  :local apiService [:pick [/ip/service/find where name="api-ssl"] 0]
  :local apiSsl [/ip/service/get $apiService]
  :local apiCertificate [:tostr ($apiSsl->"certificate")]
  :local apiAddress [:tostr ($apiSsl->"address")]
  :local apiFrom [:tostr ($apiSsl->"available-from")]
  :if (([:len $apiCertificate] = 0 or $apiCertificate = "none" or $apiCertificate = "fwknop-mikrotik") and ([:len $apiAddress] = 0 or $apiAddress = "192.168.88.50/32") and ([:len $apiFrom] = 0 or $apiFrom = "192.168.88.50/32")) do={
    /ip/service/set $apiService certificate=fwknop-mikrotik tls-version=only-1.2 address=192.168.88.50/32 disabled=no
  } else={
    :put "api-ssl has a certificate or an address list already: left as it is. See to it that:"
    :put "- it is enabled, and its address list lets 192.168.88.50/32 in"
    :put "- it has a certificate, and you pin the fingerprint of that one:"
    :put "  /certificate/print detail"
    :put "  without one: /ip/service/set api-ssl certificate=fwknop-mikrotik"
  }
}
# The API without TLS stays as it is. Nothing here needs it; this switches it off:
#/ip/service/set api disabled=yes

# SPA packets go to fwknopd.
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: SPA packets"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list="outside world" protocol=udp dst-port=62201 to-addresses=192.168.88.50 to-ports=62201 comment="fwknop-mikrotik: SPA packets"
}
# Where your chain forward drops all the rest, forwarded packets included, accept it:
#/ip/firewall/filter/add chain=forward action=accept connection-nat-state=dstnat in-interface-list="outside world" protocol=udp dst-address=192.168.88.50 dst-port=62201 comment="fwknop-mikrotik: SPA packets" place-before=[:pick [/ip/firewall/filter/find where chain="forward" and dynamic=no and (action="drop" or action="reject")] 0]

# tcp/22 of the router itself. The rule stands before the one that drops: that of the default
# firewall, or else the first that drops or rejects in chain input. (Where chain input jumps to
# another that drops, move it before the jump.)
:if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: tcp/22"]] = 0) do={
  :local dropRules [/ip/firewall/filter/find where chain="input" and dynamic=no and comment="defconf: drop all not coming from LAN"]
  :if ([:len $dropRules] = 0) do={
    :set dropRules [/ip/firewall/filter/find where chain="input" and dynamic=no and (action="drop" or action="reject")]
  }
  :if ([:len $dropRules] = 0) do={
    /ip/firewall/filter/add chain=input action=accept in-interface-list="outside world" protocol=tcp dst-port=22 src-address-list=FWKNOP_6_22 comment="fwknop-mikrotik: tcp/22"
    :put "chain input drops nothing, so that tcp/22 is open to everybody, knock or not"
  } else={
    /ip/firewall/filter/add chain=input action=accept in-interface-list="outside world" protocol=tcp dst-port=22 src-address-list=FWKNOP_6_22 comment="fwknop-mikrotik: tcp/22" place-before=[:pick $dropRules 0]
  }
}
# Sliding: every new connection to tcp/22 from a listed address sets its timer to 1h again.
# max-timeout of mikrotik.toml no longer bounds it: who goes on connecting stays in.
:if ([:len [/ip/firewall/mangle/find where comment="fwknop-mikrotik: tcp/22"]] = 0) do={
  /ip/firewall/mangle/add chain=prerouting action=add-src-to-address-list connection-state=new in-interface-list="outside world" protocol=tcp dst-port=22 src-address-list=FWKNOP_6_22 address-list=FWKNOP_6_22 address-list-timeout=1h comment="fwknop-mikrotik: tcp/22"
}

# tcp/443 of 192.168.88.10: a port forward that is there for listed addresses only.
# (One of yours for this port that stands before it lets everybody in: remove that one.)
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: tcp/443"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list="outside world" protocol=tcp dst-port=443 src-address-list=FWKNOP_6_443 to-addresses=192.168.88.10 to-ports=443 comment="fwknop-mikrotik: tcp/443"
}
# Where your chain forward drops all the rest, forwarded packets included, accept it:
#/ip/firewall/filter/add chain=forward action=accept connection-nat-state=dstnat in-interface-list="outside world" protocol=tcp dst-port=443 dst-address=192.168.88.10 src-address-list=FWKNOP_6_443 comment="fwknop-mikrotik: tcp/443" place-before=[:pick [/ip/firewall/filter/find where chain="forward" and dynamic=no and (action="drop" or action="reject")] 0]
# Sliding: every new connection to tcp/443 from a listed address sets its timer to 1h again.
# max-timeout of mikrotik.toml no longer bounds it: who goes on connecting stays in.
:if ([:len [/ip/firewall/mangle/find where comment="fwknop-mikrotik: tcp/443"]] = 0) do={
  /ip/firewall/mangle/add chain=prerouting action=add-src-to-address-list connection-state=new in-interface-list="outside world" protocol=tcp dst-port=443 src-address-list=FWKNOP_6_443 address-list=FWKNOP_6_443 address-list-timeout=1h comment="fwknop-mikrotik: tcp/443"
}

# udp/51820 of 192.168.88.10: a port forward that is there for listed addresses only.
# (One of yours for this port that stands before it lets everybody in: remove that one.)
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: udp/51820"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list="outside world" protocol=udp dst-port=51820 src-address-list=FWKNOP_17_51820 to-addresses=192.168.88.10 to-ports=51821 comment="fwknop-mikrotik: udp/51820"
}
# Where your chain forward drops all the rest, forwarded packets included, accept it:
#/ip/firewall/filter/add chain=forward action=accept connection-nat-state=dstnat in-interface-list="outside world" protocol=udp dst-port=51821 dst-address=192.168.88.10 src-address-list=FWKNOP_17_51820 comment="fwknop-mikrotik: udp/51820" place-before=[:pick [/ip/firewall/filter/find where chain="forward" and dynamic=no and (action="drop" or action="reject")] 0]
# Sliding: every new connection to udp/51820 from a listed address sets its timer to 1h again.
# max-timeout of mikrotik.toml no longer bounds it: who goes on connecting stays in.
:if ([:len [/ip/firewall/mangle/find where comment="fwknop-mikrotik: udp/51820"]] = 0) do={
  /ip/firewall/mangle/add chain=prerouting action=add-src-to-address-list connection-state=new in-interface-list="outside world" protocol=udp dst-port=51820 src-address-list=FWKNOP_17_51820 address-list=FWKNOP_17_51820 address-list-timeout=1h comment="fwknop-mikrotik: udp/51820"
}

# What to pin: fwknop-mikrotik check --pin=FINGERPRINT
:put ("fingerprint of fwknop-mikrotik: " . [/certificate/get [/certificate/find where name="fwknop-mikrotik"] fingerprint])
